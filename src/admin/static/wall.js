// The own view of the wall: waits for each next picture and draws it, sends what is touched and typed. Ends the view
// when the page is left; opens another one when it has ended meanwhile.
"use strict";
const place = document.querySelector("[data-wall]");
const here = place.dataset.wall;
const csrf = place.querySelector("input[name=csrf]").value;
const canvas = document.getElementById("wall");
const said = document.getElementById("said");
const pen = canvas.getContext("2d", { alpha: false });
const KEYS = /^(Arrow(Left|Right|Up|Down)|Enter|Escape|Backspace|Home|End|Page(Up|Down)|[0-9])$/;
const KEPT = "asterflow wall size";

function say(text) {
  said.textContent = text;
  said.hidden = !text;
}

const pause = (ms) => new Promise((done) => setTimeout(done, ms));
const seen = () => document.hidden && new Promise((done) => document.addEventListener("visibilitychange", done, { once: true }));

// Another view, or the login: whichever it is, the server knows.
function again() {
  location.replace("/wall");
}

async function look() {
  let number = "";
  for (;;) {
    await seen();
    try {
      const answer = await fetch(`${here}/picture?after=${number}`, { signal: AbortSignal.timeout(15000) });
      if (answer.redirected || answer.status === 401 || answer.status === 404) return again();
      if (answer.status === 200) {
        const picture = await createImageBitmap(await answer.blob());
        if (canvas.width !== picture.width || canvas.height !== picture.height) {
          canvas.width = picture.width;
          canvas.height = picture.height;
        }
        pen.drawImage(picture, 0, 0);
        picture.close();
        number = answer.headers.get("x-picture");
        canvas.dataset.picture = number;
      } else if (answer.status !== 204) {
        throw new Error(answer.statusText);
      }
      say("");
    } catch {
      say("The appliance does not answer. This picture is old.");
      await pause(2000);
    }
  }
}

// One after the other, for a press must not overtake the press before it.
const waiting = [];
let sending = false;
async function send(fields) {
  if (fields.act === "move" && waiting.at(-1)?.act === "move") waiting.pop();
  if (waiting.length < 32) waiting.push(fields);
  if (sending) return;
  sending = true;
  while (waiting.length) {
    const body = new URLSearchParams(waiting.shift());
    try {
      const answer = await fetch(here, { method: "POST", headers: { "x-csrf-token": csrf }, body, signal: AbortSignal.timeout(5000) });
      if (answer.status === 404) again();
    } catch {
      say("The appliance does not answer. What you did was not done.");
    }
  }
  sending = false;
}

function point(event) {
  const box = canvas.getBoundingClientRect();
  return {
    x: ((event.clientX - box.left) * canvas.width / box.width).toFixed(1),
    y: ((event.clientY - box.top) * canvas.height / box.height).toFixed(1),
  };
}

let down = false;
canvas.addEventListener("pointerdown", (event) => {
  if (event.button !== 0 || !event.isPrimary) return;
  down = true;
  canvas.setPointerCapture(event.pointerId);
  send({ act: "press", ...point(event) });
});
canvas.addEventListener("pointermove", (event) => {
  if (down && event.isPrimary) send({ act: "move", ...point(event) });
});
canvas.addEventListener("pointerup", (event) => {
  if (down && event.isPrimary) send({ act: "release", ...point(event) });
  down = false;
});
canvas.addEventListener("pointercancel", () => {
  if (down) send({ act: "leave" });
  down = false;
});
canvas.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || !KEYS.test(event.key)) return;
  event.preventDefault();
  send({ act: "key", key: event.key });
});

// The size: as chosen here before, else as this screen stands.
const sizes = [...document.querySelectorAll(".sizes button")];
function resize(size) {
  for (const button of sizes) button.setAttribute("aria-pressed", String(button.value === size));
  send({ act: "size", size });
}
for (const button of sizes) {
  button.addEventListener("click", (event) => {
    event.preventDefault();
    sessionStorage.setItem(KEPT, button.value);
    resize(button.value);
  });
}
const wanted = sessionStorage.getItem(KEPT) ?? (innerHeight > innerWidth ? "720x1280" : "1280x720");
if (`${canvas.width}x${canvas.height}` !== wanted && sizes.some((button) => button.value === wanted)) resize(wanted);

addEventListener("pagehide", () => {
  navigator.sendBeacon(here, new URLSearchParams({ act: "end", csrf }));
});
addEventListener("pageshow", (event) => { if (event.persisted) again(); });

document.getElementById("still").remove();
canvas.hidden = false;
look();
