// The stream of signals. The browser reconnects one that was cut; this file has the watchdog, and the retry of one that was refused.
import { Retry } from "./retry.js";
import { hasEnded } from "./tv_fetch.js";
import { page, setServerClock } from "./tv_page.js";
import { celebrate } from "./tv_party.js";
import { changed } from "./tv_screens.js";
import { set } from "./tv_state.js";

const TOPICS = ["orders", "revenue", "placed", "rollups", "day"];
const SILENCE_MS = 35_000; // two pings (15 s) and slack
const RETRY_MS = [1_300, 4_000]; // first and longest wait

let stream = null;
let seq = page.since;
let heardAt = performance.now();
const retry = new Retry(open, RETRY_MS);

export function connect() {
  open();
  setInterval(watch, 5_000);
  window.addEventListener("online", () => {
    if (stream?.readyState !== EventSource.OPEN) open();
  });
}

function open() {
  stream?.close();
  if (hasEnded()) return;
  heardAt = performance.now();
  stream = new EventSource(`${page.address}/stream?since=${seq}`);
  stream.addEventListener("error", lost);
  listen("hello", ({ live, now }) => {
    retry.reset();
    setServerClock(now);
    set({ connected: true, away: !live });
  });
  listen("away", () => set({ away: true }));
  listen("full", () => set({ away: true }));
  listen("ping", ({ now }) => setServerClock(now));
  listen("tv", () => changed(null));
  listen("reload", () => changed(null));
  listen("resync", (values) => {
    set({ away: false });
    changed(null, values);
    celebrate();
  });
  for (const topic of TOPICS) listen(topic, (values) => received(topic, values));
}

function received(topic, values) {
  changed(topic, values);
  if (topic === "revenue") celebrate();
}

function listen(name, handle) {
  stream.addEventListener(name, (event) => {
    heardAt = performance.now();
    if (event.lastEventId) seq = event.lastEventId;
    handle(dataOf(event));
  });
}

function dataOf(event) {
  try {
    return JSON.parse(event.data);
  } catch {
    return {};
  }
}

// The browser opens it again by itself, unless the answer was an error.
function lost() {
  set({ connected: false });
  if (hasEnded()) stream.close();
  else if (stream.readyState === EventSource.CLOSED) retry.schedule();
}

// A connection that ended without a sign of it.
function watch() {
  if (performance.now() - heardAt < SILENCE_MS) return;
  set({ connected: false });
  open();
}
