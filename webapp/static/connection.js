// The connection to the server, in the tab that leads. hx-sse reconnects a stream that was open; this file has the first
// connection, the watchdog, and the end when another tab takes over.
import { Retry } from "./retry.js";
import { set, signedOut, state } from "./state.js";
import { isShared } from "./tabs.js";

const SILENCE_MS = 35_000; // two pings (15 s) and slack
// A page is current within 4 s of the server's return, after an outage of any length. base.html has the same for reconnects.
const RETRY_MS = [1_300, 2_600]; // first and longest wait

const live = document.getElementById("live");
let connection = null;
let address = null; // of the next connection; null while another tab leads
let receivedAt = performance.now();
const reconnect = new Retry(connect, RETRY_MS);

// Opens the stream at what follows the seq `since`.
export function open(since) {
  const { pathname, searchParams } = new URL(live.getAttribute("hx-sse:connect"), location.href);
  searchParams.set("since", since);
  address = `${pathname}?${searchParams}`;
  // Other tabs need the stream of a hidden one.
  if (isShared) live.setAttribute("hx-config", JSON.stringify({ sse: { pauseOnBackground: false } }));
  connect();
}

export function close() {
  address = null;
  disconnect();
}

export const opened = () => reconnect.reset();
export const isOpen = () => address !== null;
const isPaused = () => document.hidden && !isShared; // it closes on purpose and reopens when shown

function connect() {
  if (isOpen()) htmx.trigger(live, "live:connect");
}

// hx-sse then reconnects with Last-Event-ID, or ends where `before:connection` is cancelled.
function disconnect() {
  connection?.reader?.cancel();
}

export function listen() {
  live.addEventListener("htmx:config:request", ({ detail: { ctx } }) => {
    if (ctx.sourceElement === live) ctx.request.action = address ?? ctx.request.action;
  });
  live.addEventListener("htmx:sse:before:connection", (event) => {
    if (state.signedOut || !isOpen()) event.detail.connection.cancelled = true;
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
  document.addEventListener("visibilitychange", () => (receivedAt = performance.now()));
}

function markDisconnected() {
  if (isOpen() && !isPaused()) set({ connected: false });
}

function retry() {
  markDisconnected();
  if (!state.signedOut && isOpen()) reconnect.schedule();
}

function watch() {
  if (isPaused() || !state.connected || performance.now() - receivedAt < SILENCE_MS) return;
  receivedAt = performance.now();
  disconnect();
}
