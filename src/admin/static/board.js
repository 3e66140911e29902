// Keeps the board as the floor is: takes each document of the live stream and changes what differs, and lets the timers
// run in between. Nothing is ever put into the page as HTML.
"use strict";
const queues = document.getElementById("queues");
const lost = document.getElementById("lost");
const stateWords = new Map([...document.getElementById("words").content.children].map((word) => [word.dataset.word, word.textContent]));
const CALLERS = 12;
// What the server's clock shows more than ours. Documents carry whole seconds: the largest difference is the truest.
let ahead = null;

const serverNow = () => Date.now() + (ahead ?? 0);
const part = (of, name) => of.querySelector(`[data-part=${name}]`);

function put(of, name, text) {
  const place = part(of, name);
  if (place.textContent !== text) place.textContent = text;
}

function duration(seconds) {
  const two = (number) => String(number).padStart(2, "0");
  const s = Math.max(0, Math.floor(seconds));
  const [hours, minutes] = [Math.floor(s / 3600), Math.floor(s / 60)];
  return hours ? `${hours}:${two(minutes % 60)}:${two(s % 60)}` : `${minutes}:${two(s % 60)}`;
}

// The children of `list` become those of `items`, each by its key, in their order.
function follow(list, template, items, keyOf, fill) {
  const old = new Map([...list.children].map((child) => [child.dataset.key, child]));
  items.forEach((item, at) => {
    const key = keyOf(item);
    let child = old.get(key);
    old.delete(key);
    if (!child) {
      child = document.getElementById(template).content.firstElementChild.cloneNode(true);
      child.dataset.key = key;
    }
    if (list.children[at] !== child) list.insertBefore(child, list.children[at] ?? null);
    fill(child, item);
  });
  for (const child of old.values()) child.remove();
}

// A timer runs from `since`; of an old picture it stands.
function timer(place, since, still) {
  place.dataset.since = since ? Date.parse(since) : "";
  place.dataset.still = still ?? "";
  tick(place);
}

function tick(place) {
  const { since, still } = place.dataset;
  const text = since ? duration(((still || serverNow()) - since) / 1000) : "";
  if (place.textContent !== text) place.textContent = text;
}

const LEVELS = { warning: "late", critical: "alarm" };

function level(child, now) {
  for (const name of ["calm", "late", "alarm"]) child.classList.toggle(name, name === now);
}

// Of a single caller, by the limits of the longest wait.
function urgency(queue, since, still) {
  const waits = ((still || serverNow()) - Date.parse(since)) / 1000;
  const limits = queue.quiet_until ? {} : queue.alarm_limits.longest_wait ?? {};
  const step = ["critical", "warning"].find((name) => limits[name] !== undefined && waits >= limits[name]);
  return LEVELS[step] ?? "calm";
}

function words(alarm, queue, still) {
  const ago = ((still || serverNow()) - Date.parse(alarm.since)) / 1000;
  const what = {
    waiting: () => `${alarm.value} waiting`,
    longest_wait: () => `longest wait ${queue.waiting.length ? timerText(((still || serverNow()) - Date.parse(queue.waiting[0].since)) / 1000) : timerText(0)}`,
    service_level: () => `service level ${percent(alarm.value)}`,
    no_agent_free: () => "no agent free",
  }[alarm.kind] ?? (() => alarm.kind);
  return `${what()}, since ${timerText(ago)}`;
}

// As the wall shows timers: seconds under a minute, then minutes.
function timerText(seconds) {
  const s = Math.max(0, Math.floor(seconds));
  if (s < 60) return `0:${String(s).padStart(2, "0")}`;
  return s < 3600 ? `${Math.floor(s / 60)} min` : `${Math.floor(s / 3600)} h ${String(Math.floor(s / 60) % 60).padStart(2, "0")}`;
}

const percent = (share) => `${share === 1 ? 100 : share > 0 ? Math.min(99, Math.max(1, Math.round(share * 100))) : 0} %`;

function fillAlarms(list, queue, still) {
  const alarms = queue.alarms;
  while (list.children.length > alarms.length) list.lastElementChild.remove();
  alarms.forEach((alarm, at) => {
    let line = list.children[at];
    if (!line) {
      line = list.appendChild(document.createElement("li"));
      line.append(document.createElement("strong"), document.createTextNode(""));
    }
    line.className = LEVELS[alarm.step];
    line.firstElementChild.textContent = alarm.step === "critical" ? "Alarm:" : "Warning:";
    const text = ` ${words(alarm, queue, still)}`;
    if (line.lastChild.textContent !== text) line.lastChild.textContent = text;
  });
}

function quietUntil(queue) {
  if (!queue.quiet_until) return "";
  const [date, clock] = [queue.quiet_until.slice(0, 10), queue.quiet_until.slice(11, 16)];
  const ahead = (Date.parse(queue.quiet_until) - serverNow()) / 86400000;
  const day = (how) => new Intl.DateTimeFormat("en-GB", { ...how, timeZone: "UTC" }).format(new Date(`${date}T00:00:00Z`));
  if (ahead >= 6) return `Quiet until ${day({ day: "numeric", month: "short" })}`;
  return `Quiet until ${ahead >= 1 ? `${day({ weekday: "short" })} ` : ""}${clock}`;
}

const other = (one) => one.name || one.number;

function fillMember(child, member, pbx, still) {
  const state = member.state === "busy" && member.sub_state === "ringing" ? "ringing" : member.state;
  if (!child.classList.contains(state)) child.className = `member ${state}`;
  put(child, "name", member.name);
  put(child, "word", stateWords.get(member.state === "paused" ? "paused" : member.sub_state) ?? member.sub_state);
  put(child, "why", member.paused_reason ?? "");
  put(child, "partner", member.partner ? other(member.partner) : "");
  put(child, "calls", member.calls_today === null ? "–" : String(member.calls_today));
  put(child, "heard", member.listeners.length ? `Heard by ${member.listeners.join(", ")}` : "");
  timer(part(child, "timer"), member.state === "offline" ? null : member.since, still);
  const listen = part(child, "listen");
  if (!listen) return;
  listen.hidden = !member.channel || !["talking", "on_hold", "other_call"].includes(member.sub_state);
  Object.assign(listen.dataset, { channel: member.channel ?? "", pbx: pbx.name });
}

function fillQueue(child, { pbx, queue, several, still }) {
  const first = queue.waiting[0]?.since;
  child.setAttribute("aria-label", queue.name);
  put(child, "name", queue.name);
  put(child, "pbx", several ? pbx.name : "");
  put(child, "waiting", String(queue.waiting.length));
  const share = queue.today?.service_level.value;
  put(child, "level", `A in ${queue.service_level_s} s: ${share === null || share === undefined ? "–" : percent(share)}`);
  for (const count of child.querySelectorAll("[data-count]")) count.textContent = queue.counts[count.dataset.count];
  const longest = part(child, "longest");
  timer(longest, first, still);
  if (!first) longest.textContent = "–";
  const steps = queue.alarms.filter((alarm) => ["waiting", "longest_wait"].includes(alarm.kind)).map((alarm) => alarm.step);
  level(part(child, "waits"), LEVELS[steps.find((step) => step === "critical") ?? steps[0]] ?? "calm");
  fillAlarms(part(child, "alarms"), queue, still);
  put(child, "quiet", quietUntil(queue));
  const callers = queue.waiting.slice(0, CALLERS);
  follow(part(child, "callers"), "caller", callers, (caller) => caller.channel, (item, caller) => {
    put(item, "position", String(caller.position));
    put(item, "who", caller.caller_name || caller.caller_number);
    timer(part(item, "timer"), caller.since, still);
    level(item, urgency(queue, caller.since, still));
  });
  follow(part(child, "members"), "member", queue.members, (member) => member.interface, (item, member) => fillMember(item, member, pbx, still));
}

function sentence(pbx) {
  const detail = pbx.ami.detail ?? "";
  return pbx.known ? `${pbx.name}: this picture is ${duration(pbx.ami.age_s)} old. ${detail}` : `${pbx.name}: there is no picture yet. ${detail}`;
}

function say(sentences) {
  const now = [...lost.children].map((line) => line.textContent);
  if (now.join("\n") === sentences.join("\n")) return;
  lost.replaceChildren(...sentences.map((text) => {
    const line = document.createElement("li");
    line.className = "note bad";
    line.textContent = text;
    return line;
  }));
}

function show(floor) {
  const offset = Date.parse(floor.as_of) - Date.now();
  if (ahead === null || offset > ahead || ahead - offset > 5000) ahead = offset;
  const several = floor.pbx.length > 1;
  const all = floor.pbx.flatMap((pbx) => {
    const still = pbx.ami.state === "live" ? null : Date.parse(floor.as_of) - pbx.ami.age_s * 1000;
    return pbx.queues.map((queue) => ({ pbx, queue, several, still }));
  });
  follow(queues, "queue", all, ({ pbx, queue }) => `${pbx.name}\n${queue.name}`, fillQueue);
  document.getElementById("nothing").hidden = all.length > 0;
  say(floor.pbx.filter((pbx) => pbx.ami.state !== "live").map(sentence));
  queues.dataset.asOf = floor.as_of;
}

let stream = null;
function open() {
  if (stream || document.hidden) return;
  stream = new EventSource("/api/v1/live/stream");
  stream.addEventListener("live", (event) => show(JSON.parse(event.data)));
  stream.addEventListener("error", () => {
    say(["The appliance does not answer. This picture is old."]);
    // Closed for good: the login is over, or the answer was no stream. Loading the page again tells which.
    if (stream?.readyState === EventSource.CLOSED) {
      close();
      setTimeout(() => location.reload(), 3000);
    }
  });
}

// Who looks elsewhere needs no stream; a browser has only six connections.
function close() {
  stream?.close();
  stream = null;
}

document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
setInterval(() => { for (const place of document.querySelectorAll(".timer[data-since]")) if (place.dataset.since) tick(place); }, 500);
open();
