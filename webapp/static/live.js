// The stream: one connection a page, whose events say which topics changed. hx-sse reconnects a stream that was open; the
// first connection, the watchdog and polling while the stream is away are here.
import { isLive, lostForAMoment, set, signedOut, state } from "./state.js";
import { refetchAll } from "./refetch.js";
import { changed, schedule } from "./turns.js";

const TOPICS = ["orders", "revenue", "placed", "rollups", "day", "inbox"];
// What this page takes from the stream. hx-sse would swap a message without a name into the page, as HTML, and dispatch any
// other name as a DOM event, its own commands among them.
const NAMES = new Set([...TOPICS, "hello", "away", "full", "resync", "beat"]);
const POLL_MS = 15_000;
const SILENCE_MS = 35_000; // two beats (15 s) and some: a connection this quiet is dead
const RETRY_MS = [1_000, 3_000]; // a page is to be right within 5 s of the web coming back, however long it was away

const live = document.getElementById("live");
let connection = null;
let heardAt = performance.now();
let failures = 0;
let retryTimer = null;

// `?live=poll` on the board's address: no stream, for networks that let none through. What is asked for is the same.
const pollsOnly = live.dataset.live === "poll";
const POLL_ONLY_MS = 5_000;

export function connect() {
  if (pollsOnly) {
    set({ polled: true });
    setInterval(poll, POLL_ONLY_MS);
    window.addEventListener("online", poll);
    return;
  }
  live.addEventListener("hello", (event) => {
    set({ connected: true, away: !data(event).live });
    failures = 0;
    schedule();
  });
  live.addEventListener("away", () => set({ away: true }));
  live.addEventListener("full", () => set({ away: true }));
  live.addEventListener("resync", (event) => {
    set({ away: false });
    changed("resync", data(event));
  });
  for (const topic of TOPICS) live.addEventListener(topic, (event) => changed(topic, data(event)));

  live.addEventListener("htmx:sse:before:message", (event) => {
    if (!NAMES.has(event.detail.message.event)) event.detail.cancelled = true;
  });
  live.addEventListener("htmx:sse:before:connection", (event) => {
    if (state.signedOut) event.detail.connection.cancelled = true;
    else if (event.detail.connection.attempt > 0) lost();
  });
  live.addEventListener("htmx:sse:after:connection", (event) => {
    connection = event.detail.connection;
    heardAt = performance.now();
  });
  live.addEventListener("htmx:sse:after:message", () => (heardAt = performance.now()));
  live.addEventListener("htmx:sse:error", (event) => {
    signedOut(event.detail.status);
    lost();
  });
  live.addEventListener("htmx:sse:close", retry);
  // hx-sse leaves a first connection that failed at that.
  live.addEventListener("htmx:error", retry);
  live.addEventListener("htmx:response:error", (event) => {
    signedOut(event.detail.ctx.response.status);
    retry();
  });

  setInterval(watch, 5_000);
  setInterval(poll, POLL_MS);
  document.addEventListener("visibilitychange", () => (heardAt = performance.now()));
  window.addEventListener("online", () => !isLive() && poll());
}

function data(event) {
  try {
    return JSON.parse(event.detail.data);
  } catch {
    return {};
  }
}

function lost() {
  // A hidden tab lets its stream go on purpose and gets it back when it is shown.
  if (!document.hidden) set({ connected: false });
}

function retry() {
  lost();
  if (state.signedOut || retryTimer) return;
  const wait = Math.min(RETRY_MS[0] * 2 ** failures++, RETRY_MS[1]) * (0.7 + 0.6 * Math.random());
  retryTimer = setTimeout(() => {
    retryTimer = null;
    htmx.trigger(live, "live:connect");
  }, wait);
}

function watch() {
  if (document.hidden || !state.connected || performance.now() - heardAt < SILENCE_MS) return;
  heardAt = performance.now();
  connection?.reader?.cancel(); // hx-sse takes it for an end and reconnects with Last-Event-ID
}

function poll() {
  if (document.hidden || state.paused || state.signedOut) return;
  if (lostForAMoment()) return;
  if (!isLive() || state.stale.size) refetchAll();
}
