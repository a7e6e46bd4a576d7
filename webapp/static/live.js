// Signals: the leading tab receives them from the stream and sends them to the other tabs of the browser, which apply them as if
// they had received them. Polling while no signals arrive.
import { changed, merged, schedule } from "./batch_refetch.js";
import { close, isOpen, listen, open, opened } from "./connection.js";
import { refetchAll } from "./dispatch.js";
import { returned, update as ring } from "./inbox.js";
import { serverNow } from "./minute.js";
import { MissedEvents } from "./missed.js";
import { isLive, onChange, recentlyDisconnected, set, state } from "./state.js";
import { isLeader, isShared, join, leave, onMessage, onRole, send } from "./tabs.js";

const TOPICS = ["orders", "revenue", "placed", "rollups", "day", "inbox", "relay", "uploads", "settings"];
// The page accepts only these events. hx-sse would swap a message without a name into the page as HTML, and dispatch any other
// name as a DOM event, its own commands included.
const NAMES = new Set([...TOPICS, "hello", "away", "full", "resync", "reload", "ping"]);
const POLL_MS = 15_000;
const MAX_HELD_IDS = 50;
const AWAY_MS = 60_000; // without a message, which are four pings

const live = document.getElementById("live");
const held = new Map(); // topic -> data of what changed while the page was hidden
let seq = 0; // up to it this tab has received every signal
let heardAt = Date.now(); // a clock that goes on while the computer sleeps
let missed = null; // in the leading tab

// `?live=poll` on the board's address: no stream, for networks that block streams. The requests are the same.
const pollsOnly = live.dataset.live === "poll";
const POLL_ONLY_MS = 5_000;

export function connect() {
  if (pollsOnly) {
    set({ polled: true });
    setInterval(poll, POLL_ONLY_MS);
    window.addEventListener("online", poll);
    return;
  }
  seq = Number(new URL(live.getAttribute("hx-sse:connect"), location.href).searchParams.get("since"));
  handleEvents();
  listen();
  setInterval(poll, POLL_MS);
  window.addEventListener("online", () => {
    if (!isLive()) poll();
  });
  document.addEventListener("visibilitychange", release);
  if (isShared) share();
  else open(seq);
}

function handleEvents() {
  live.addEventListener("hello", (event) => {
    set({ connected: true, away: !data(event).live });
    opened();
    schedule();
    if (isLeader() && Date.now() - heardAt > AWAY_MS) returned();
  });
  live.addEventListener("away", () => set({ away: true }));
  live.addEventListener("full", () => set({ away: true }));
  live.addEventListener("resync", (event) => {
    set({ away: false });
    received("resync", data(event));
  });
  for (const topic of TOPICS) live.addEventListener(topic, (event) => received(topic, data(event)));
  live.addEventListener("htmx:sse:before:message", (event) => {
    if (!NAMES.has(event.detail.message.event) || !isOpen()) event.detail.cancelled = true;
  });
  live.addEventListener("htmx:sse:after:message", ({ detail: { message } }) => {
    if (message.event) forward(message.event, { data: message.data, id: message.id });
  });
}

function data(event) {
  try {
    return JSON.parse(event.detail.data);
  } catch {
    return {};
  }
}

// A hidden page refetches nothing until it is shown; only the bell rings.
function received(topic, values) {
  if (!document.hidden) {
    changed(topic, values);
    return;
  }
  if (topic === "inbox" || topic === "resync") ring();
  const both = merged(held.get(topic), { ...values, at: 0 }); // the wait is not latency
  held.set(topic, both.ids?.length > MAX_HELD_IDS ? { ...both, ids: null } : both);
}

function release() {
  if (document.hidden) return;
  const topics = [...held];
  held.clear();
  for (const [topic, values] of topics) changed(topic, values);
}

function share() {
  onRole({ lead, follow, lost: () => set({ connected: false }) });
  onMessage("event", ({ name, detail }) => receive(name, detail));
  onMessage("leads", () => send("join", { seq }));
  onMessage("join", ({ from, seq: theirs }) => {
    if (isLeader()) send("welcome", { to: from, ...report(), events: missed.after(theirs) });
  });
  onMessage("welcome", catchUp);
  onMessage("report", adopt);
  onChange(() => {
    if (state.signedOut) leave();
    else if (isLeader()) send("report", report());
  });
  join(() => document.hidden && !state.connected);
}

function lead() {
  missed = new MissedEvents(seq);
  set({ connected: false }); // its own stream is not open yet
  open(seq);
  send("leads", report());
}

function follow() {
  missed = null;
  close();
  send("join", { seq });
}

const report = () => ({ connected: state.connected, away: state.away, now: serverNow() });

// A stream that is open is as good here as in the tab that has it.
function adopt({ connected, away, now }) {
  if (connected) htmx.trigger(live, "hello", { data: JSON.stringify({ live: !away, now }) });
  else set({ connected, away });
}

function catchUp({ events, ...leader }) {
  adopt(leader);
  for (const { name, detail } of events ?? [{ name: "resync", detail: { data: "{}" } }]) receive(name, detail);
}

function forward(name, detail) {
  note(detail);
  missed?.add(name, detail);
  send("event", { name, detail });
}

function receive(name, detail) {
  note(detail);
  htmx.trigger(live, name, detail);
}

function note({ id }) {
  heardAt = Date.now();
  seq = Math.max(seq, Number(id) || 0);
}

function poll() {
  if (document.hidden) pollHidden();
  if (document.hidden || state.paused || state.signedOut) return;
  if (recentlyDisconnected()) return;
  if (!isLive() || state.stale.size) refetchAll();
}

// The bell alone, for all tabs, while the server receives no signals.
function pollHidden() {
  if (isShared && isLeader() && state.connected && state.away) ring();
}
