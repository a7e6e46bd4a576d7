// The page's own freshness, and the label beside the dot that shows it.
import { isPaused, store } from "./pause.js";
import { formatted, t } from "./texts.js";

const box = document.getElementById("live-state");
const label = document.getElementById("live-label");
const pauseButton = document.getElementById("pause");
const announcer = document.getElementById("live-announcer");

const GRACE_MS = 1500; // an orderly reconnect takes less

// Most streams are back sooner, and a web process that has just started has enough load.
const RECENT_MS = 5_000;

// A restart of a process with thousands of pages takes this long, until their panels have been fetched again. Meanwhile a panel
// without a response is not stale yet: the page shows "Reconnecting".
const RESTART_MS = 8_000;

export const state = {
  connected: false, // the stream is open
  // The server gets no signals; the stream itself may be open.
  away: false,
  polled: false, // a poll has succeeded since
  paused: false,
  signedOut: false, // the page's session has ended
  otherUser: false, // because another user signed in
  stale: new Map(), // panel -> time of its numbers
};
const resumeActions = new Set();
const changeActions = new Set();
let disconnectedAt = performance.now();
let lostAt = -Infinity; // a stream that was open

function describe() {
  if (state.otherUser) return ["out", t("Another user is signed in now.")];
  if (state.signedOut) return ["out", t("You are signed out.")];
  if (state.paused) return ["paused", t("Paused")];
  if (state.stale.size) {
    const time = state.stale.values().next().value;
    return ["stale", navigator.onLine ? t("Stale since %(time)s", { time }) : t("Offline · showing %(time)s", { time })];
  }
  if (state.connected && !state.away) return ["live", t("Live")];
  if (state.connected || state.polled) return ["polling", t("Polling")];
  return ["reconnecting", t("Reconnecting")];
}

export function show() {
  const [name, text] = describe();
  const waiting = name === "reconnecting" && box.dataset.state === "live" && performance.now() - disconnectedAt < GRACE_MS;
  if (waiting) {
    setTimeout(show, GRACE_MS);
    return;
  }
  if (box.dataset.state === name && label.textContent === text) return;
  box.dataset.state = name;
  label.textContent = text;
  if (name !== "live") box.title = "";
  announceSoon();
  if (name === "out") label.append(" ", state.otherUser ? reloadLink() : signInLink());
}

// Returns whether the status of a response means that the page's user is signed out (401, 403) or another one now (409).
export function signedOut(status) {
  if (![401, 403, 409].includes(status)) return false;
  set({ signedOut: true, otherUser: status === 409 });
  return true;
}

function reloadLink() {
  const link = document.createElement("a");
  link.href = location.href;
  link.textContent = t("Reload this page.");
  return link;
}

function signInLink() {
  const link = document.createElement("a");
  link.href = `/sign-in?next=${encodeURIComponent(location.pathname)}`;
  link.textContent = t("Sign in again.");
  return link;
}

export function set(changes) {
  if (changes.connected === false && state.connected) {
    disconnectedAt = performance.now();
    lostAt = disconnectedAt;
  }
  if (changes.connected) changes.polled = false;
  const isChanged = Object.keys(changes).some((name) => state[name] !== changes[name]);
  Object.assign(state, changes);
  show();
  if (isChanged) for (const action of changeActions) action();
}

const ONE_DECIMAL = { minimumFractionDigits: 1, maximumFractionDigits: 1 };

// `ms`: from the change in the database to the swap of the panel that shows it.
export function showLatency(ms) {
  if (box.dataset.state !== "live" || ms < 0) return;
  box.title = t("Updated %(seconds)s s after the change", { seconds: formatted(ms / 1000, ONE_DECIMAL) });
}

export const recentlyDisconnected = () => !state.connected && performance.now() - disconnectedAt < RECENT_MS;
// How long a page that lost its stream waits before it shows panels without a response as stale; 0 in any other case.
export const restartMs = () => Math.max(0, lostAt + RESTART_MS - performance.now());
export const isLive = () => state.connected && !state.away;
export const onResume = (action) => resumeActions.add(action);
export const onChange = (action) => changeActions.add(action);

// Announces the state to screen readers, once it has lasted for SETTLED_MS, and at most every MIN_INTERVAL_MS. The first "Live" of
// a page is not announced, nor the end of a state that was not.
const SETTLED_MS = 2_000;
const MIN_INTERVAL_MS = 20_000;
const SENTENCES = {
  live: () => t("Live. Updates arrive again."),
  polling: () => t("Polling. Updates arrive every 15 seconds."),
  reconnecting: () => t("Connection lost. Reconnecting."),
  stale: () => t("%(state)s. These are the last numbers received.", { state: label.textContent }),
  paused: () => t("Paused."),
  out: () => (state.otherUser ? t("Another user is signed in now.") : t("You are signed out.")),
};
let announced = "live";
let announcedAt = -Infinity;
let announceTimer = null;

function announceSoon() {
  const wait = Math.max(SETTLED_MS, announcedAt + MIN_INTERVAL_MS - performance.now());
  clearTimeout(announceTimer);
  announceTimer = setTimeout(announceState, wait);
}

function announceState() {
  const name = box.dataset.state;
  if (name === announced || !SENTENCES[name]) return;
  announced = name;
  announcedAt = performance.now();
  announcer.textContent = SENTENCES[name]();
}

// The button's name is its next action. It is not a toggle, because the name of a toggle may not change.
function setPaused(paused) {
  set({ paused });
  pauseButton.dataset.paused = String(paused);
  pauseButton.querySelector(".pause-label").textContent = paused ? t("Resume") : t("Pause");
}

pauseButton.addEventListener("click", () => {
  setPaused(!state.paused);
  store(state.paused);
  clearTimeout(announceTimer);
  announceState(); // the answer to the user's own action, at once
  if (state.paused) return;
  for (const action of resumeActions) action();
});

if (isPaused()) setPaused(true);
for (const change of ["online", "offline"]) window.addEventListener(change, show);
