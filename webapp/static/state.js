// What the page knows of its own freshness, and the words beside the dot that say so.
const box = document.getElementById("live-state");
const words = document.getElementById("live-words");
const pauseButton = document.getElementById("pause");
const announcer = document.getElementById("live-announcer");

const GRACE_MS = 1500; // a stream that ends in order is back before anybody needs to read about it

const MOMENT_MS = 5_000; // most streams are back sooner, and a web process that has just started has enough to do

export const state = {
  connected: false, // the stream is open
  away: false, // the server lost the signals; the stream itself may be open
  polled: false, // a poll has succeeded since the stream went
  paused: false,
  signedOut: false, // the page has no session of its own any more
  otherUser: false, // because another user signed in, in another tab
  stale: new Map(), // panel name -> the time it shows numbers of
};
const resumed = new Set(); // what to do when a pause ends
let lostAt = performance.now();

function describe() {
  if (state.otherUser) return ["out", "Another user is signed in now."];
  if (state.signedOut) return ["out", "You are signed out."];
  if (state.paused) return ["paused", "Paused"];
  if (state.stale.size) {
    const shown = state.stale.values().next().value;
    return ["stale", navigator.onLine ? `Stale since ${shown}` : `Offline · showing ${shown}`];
  }
  if (state.connected && !state.away) return ["live", "Live"];
  if (state.connected || state.polled) return ["polling", "Polling"];
  return ["reconnecting", "Reconnecting"];
}

export function show() {
  const [name, text] = describe();
  const waiting = name === "reconnecting" && box.dataset.state === "live" && performance.now() - lostAt < GRACE_MS;
  if (waiting) return void setTimeout(show, GRACE_MS);
  if (box.dataset.state === name && words.textContent === text) return;
  box.dataset.state = name;
  words.textContent = text;
  if (name !== "live") box.title = "";
  announceSoon();
  if (name === "out") words.append(" ", state.otherUser ? reloadLink() : signInLink());
}

// By the status of an answer: the page's user is signed out (401, 403), or is another one now (409).
export function signedOut(status) {
  if (![401, 403, 409].includes(status)) return false;
  set({ signedOut: true, otherUser: status === 409 });
  return true;
}

function reloadLink() {
  const link = document.createElement("a");
  link.href = location.href;
  link.textContent = "Reload this page.";
  return link;
}

function signInLink() {
  const link = document.createElement("a");
  link.href = `/sign-in?next=${encodeURIComponent(location.pathname)}`;
  link.textContent = "Sign in again.";
  return link;
}

export function set(changes) {
  if (changes.connected === false && state.connected) lostAt = performance.now();
  if (changes.connected) changes.polled = false;
  Object.assign(state, changes);
  show();
}

// From the change being recorded in the database to the panel that shows it being swapped.
export function showLatency(ms) {
  if (box.dataset.state !== "live" || ms < 0) return;
  box.title = `Updated ${(ms / 1000).toFixed(1)} s after the change`;
}

export const lostForAMoment = () => !state.connected && performance.now() - lostAt < MOMENT_MS;
export const isLive = () => state.connected && !state.away;
export const onResume = (action) => resumed.add(action);

// For screen readers: the state in words once it has lasted, and seldom. The first "Live" of a page is no news, and one that
// was never read out needs no end.
const LASTS_MS = 2_000;
const SELDOM_MS = 10_000;
const SAID = {
  live: () => "Live. Updates arrive again.",
  polling: () => "Polling. Updates arrive every 15 seconds.",
  reconnecting: () => "Connection lost. Reconnecting.",
  stale: () => `${words.textContent}. These are the last numbers received.`,
  paused: () => "Paused.",
  out: () => "You are signed out.",
};
let announced = "live";
let announcedAt = -Infinity;
let announceTimer = null;

function announceSoon() {
  const wait = Math.max(LASTS_MS, announcedAt + SELDOM_MS - performance.now());
  clearTimeout(announceTimer);
  announceTimer = setTimeout(announce, wait);
}

function announce() {
  const name = box.dataset.state;
  if (name === announced || !SAID[name]) return;
  announced = name;
  announcedAt = performance.now();
  announcer.textContent = SAID[name]();
}

// A pause lasts from page to page, in this tab. Where storage is switched off it ends with the page.
const PAUSED = "doorbell-paused";

function remembersPause() {
  try {
    return sessionStorage.getItem(PAUSED) === "1";
  } catch {
    return false;
  }
}

function rememberPause(paused) {
  try {
    if (paused) sessionStorage.setItem(PAUSED, "1");
    else sessionStorage.removeItem(PAUSED);
  } catch {
    return;
  }
}

// The button says what it will do; it is no toggle, whose name would have to stay.
function setPaused(paused) {
  set({ paused });
  pauseButton.dataset.paused = String(paused);
  pauseButton.querySelector(".pause-words").textContent = paused ? "Resume" : "Pause";
}

pauseButton.addEventListener("click", () => {
  setPaused(!state.paused);
  rememberPause(state.paused);
  if (!state.paused) for (const action of resumed) action();
});

if (remembersPause()) setPaused(true);
for (const change of ["online", "offline"]) window.addEventListener(change, show);
