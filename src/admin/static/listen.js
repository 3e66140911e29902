// Listening from the board: rings the supervisor's own phone by the API, and shows what runs.
"use strict";
{
  const csrf = document.querySelector("input[name=csrf]").value;
  const box = document.getElementById("listening");
  const phone = document.getElementById("phone");
  const list = document.getElementById("supervisions");
  const listened = document.getElementById("listened");
  const KEPT = "asterflow phone";
  const MODES = [["listen", "Listen"], ["whisper", "Whisper"], ["barge", "Barge"]];
  const HEARS = { listen: "listens to", whisper: "whispers to", barge: "talks with" };
  let running = [];
  const kept = localStorage.getItem(KEPT);
  if ([...phone.options].some((option) => option.value === kept)) phone.value = kept;
  phone.addEventListener("change", () => localStorage.setItem(KEPT, phone.value));

  async function ask(method, path, body) {
    try {
      const answer = await fetch(`/api/v1/supervision${path}`, {
        method,
        headers: { "x-csrf-token": csrf, "content-type": "application/json" },
        body: body && JSON.stringify(body),
        signal: AbortSignal.timeout(95000),
      });
      const told = answer.status === 204 ? {} : await answer.json();
      listened.textContent = answer.ok ? "" : told.detail;
      return answer.ok ? told : null;
    } catch {
      listened.textContent = "The appliance does not answer. Look here again before you repeat it.";
      return null;
    }
  }

  function line(one) {
    const item = document.createElement("li");
    const text = document.createElement("span");
    const name = (words) => Object.assign(document.createElement("bdi"), { textContent: words });
    const who = one.agent_name || "somebody who is in no queue";
    if (one.foreign) {
      text.append("The phone ", name(one.supervisor), " listens to ", name(who), "; that was not started here");
      item.append(text);
      return item;
    }
    const told = { calling: ", which is being called", ringing: ", which rings", lost: "; the link to the PBX is down" };
    text.append(name(one.actor), ` ${HEARS[one.mode] || "listens to"} `, name(who), " with the phone ", name(one.supervisor), told[one.state] || "");
    const buttons = MODES.filter(([mode]) => mode !== one.mode).map(([mode, word]) => button(word, () => ask("PATCH", `/${one.id}`, { mode })));
    buttons.push(button("End", () => ask("DELETE", `/${one.id}`)));
    const choices = document.createElement("span");
    choices.append(...buttons);
    item.append(text, choices);
    return item;
  }

  function button(word, act) {
    const made = Object.assign(document.createElement("button"), { type: "button", className: "quiet", textContent: word });
    made.addEventListener("click", async () => {
      made.disabled = true;
      await act();
      await refresh();
    });
    return made;
  }

  // Why one is over that was here a moment ago.
  async function tell(id) {
    const answer = await fetch(`/api/v1/supervision/${id}`, { signal: AbortSignal.timeout(4000) }).catch(() => null);
    const one = answer && answer.ok ? await answer.json() : null;
    if (one && one.ended && one.reason !== "by-us") listened.textContent = `${one.agent_name}, phone ${one.supervisor}: ${one.ended}`;
  }

  async function refresh() {
    try {
      const answer = await fetch("/api/v1/supervision", { signal: AbortSignal.timeout(4000) });
      if (!answer.ok) return;
      const { supervisions } = await answer.json();
      const shown = JSON.stringify(supervisions);
      if (list.dataset.shown === shown) return;
      list.dataset.shown = shown;
      const before = running;
      running = supervisions.map((one) => one.id);
      before.filter((id) => !running.includes(id)).forEach(tell);
      list.replaceChildren(...supervisions.map(line));
    } catch {
      // The board itself says when nothing is answered.
    }
  }

  document.getElementById("queues").addEventListener("click", async (event) => {
    const chosen = event.target.closest("button.listen");
    if (!chosen) return;
    listened.textContent = `Pick up the phone ${phone.selectedOptions[0].textContent}.`;
    chosen.disabled = true;
    const { channel, pbx } = chosen.dataset;
    const began = ask("POST", "", { channel, pbx, mode: "listen", supervisor: phone.value });
    setTimeout(refresh, 500);
    await began;
    chosen.disabled = false;
    await refresh();
  });

  box.hidden = false;
  setInterval(() => { if (!document.hidden) refresh(); }, 3000);
  refresh();
}
