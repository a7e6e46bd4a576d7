// The stream: one connection per page, with events named after the topics that changed. hx-sse reconnects a stream that was open;
// this file has the first connection, the watchdog, and polling while no signals arrive.
import { changed, schedule } from "./batch_refetch.js";
import { refetchAll } from "./dispatch.js";
import { Retry } from "./retry.js";
import { isLive, recentlyDisconnected, set, signedOut, state } from "./state.js";

const TOPICS = ["orders", "revenue", "placed", "rollups", "day", "inbox", "relay", "uploads"];
// The page accepts only these events. hx-sse would swap a message without a name into the page as HTML, and dispatch any other
// name as a DOM event, its own commands included.
const NAMES = new Set([...TOPICS, "hello", "away", "full", "resync", "ping"]);
const POLL_MS = 15_000;
const SILENCE_MS = 35_000; // two pings (15 s) and slack
// A page is current within 4 s of the server's return, after an outage of any length. base.html has the same for reconnects.
const RETRY_MS = [1_300, 2_600]; // first and longest wait

const live = document.getElementById("live");
let connection = null;
let receivedAt = performance.now();
const reconnect = new Retry(() => htmx.trigger(live, "live:connect"), RETRY_MS);

// `?live=poll` on the board's address: no stream, for networks that block streams. The requests are the same.
const pollsOnly = live.dataset.live === "poll";
const POLL_ONLY_MS = 5_000;

// oxlint-disable-next-line max-lines-per-function -- it is a list of listeners
export function connect() {
  if (pollsOnly) {
    set({ polled: true });
    setInterval(poll, POLL_ONLY_MS);
    window.addEventListener("online", poll);
    return;
  }
  live.addEventListener("hello", (event) => {
    set({ connected: true, away: !data(event).live });
    reconnect.reset();
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
    else if (event.detail.connection.attempt > 0) markDisconnected();
  });
  live.addEventListener("htmx:sse:after:connection", (event) => {
    connection = event.detail.connection;
    receivedAt = performance.now();
  });
  live.addEventListener("htmx:sse:after:message", () => (receivedAt = performance.now()));
  live.addEventListener("htmx:sse:error", (event) => {
    signedOut(event.detail.status);
    markDisconnected();
  });
  live.addEventListener("htmx:sse:close", retry);
  // hx-sse does not retry a first connection that failed.
  live.addEventListener("htmx:error", retry);
  live.addEventListener("htmx:response:error", (event) => {
    signedOut(event.detail.ctx.response.status);
    retry();
  });

  setInterval(watch, 5_000);
  setInterval(poll, POLL_MS);
  document.addEventListener("visibilitychange", () => (receivedAt = performance.now()));
  window.addEventListener("online", () => {
    if (!isLive()) poll();
  });
}

function data(event) {
  try {
    return JSON.parse(event.detail.data);
  } catch {
    return {};
  }
}

function markDisconnected() {
  // A hidden tab closes its stream on purpose and reopens it when it is shown.
  if (!document.hidden) set({ connected: false });
}

function retry() {
  markDisconnected();
  if (!state.signedOut) reconnect.schedule();
}

function watch() {
  if (document.hidden || !state.connected || performance.now() - receivedAt < SILENCE_MS) return;
  receivedAt = performance.now();
  connection?.reader?.cancel(); // hx-sse then reconnects with Last-Event-ID
}

function poll() {
  if (document.hidden || state.paused || state.signedOut) return;
  if (recentlyDisconnected()) return;
  if (!isLive() || state.stale.size) refetchAll();
}
