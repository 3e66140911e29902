// Keeps the status page fresh: fetches it again and takes over its content, so that neither the place on the page nor
// the keyboard's focus is lost. Says so when the appliance does not answer.
"use strict";
const EVERY_MS = 5000;

async function refresh() {
  const fresh = document.getElementById("fresh");
  try {
    const answer = await fetch("/", { headers: { Accept: "text/html" }, signal: AbortSignal.timeout(4000) });
    if (answer.redirected || answer.status === 401) {
      location.reload();
      return;
    }
    if (!answer.ok) throw new Error(answer.statusText);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const now = document.getElementById("content");
    const next = page.getElementById("content");
    if (next && !now.contains(document.activeElement) && !String(getSelection())) {
      now.replaceWith(document.adoptNode(next));
    }
  } catch {
    fresh.textContent = "The appliance does not answer. This picture is old.";
    fresh.className = "bad";
  }
}

setInterval(() => { if (!document.hidden) refresh(); }, EVERY_MS);
document.addEventListener("visibilitychange", () => { if (!document.hidden) refresh(); });
