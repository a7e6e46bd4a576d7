// The screens: the shown one is fetched after each signal that concerns it, at the server's pace, and each minute; another one
// is fetched before it is shown.
import { Retry } from "./retry.js";
import { ask, hasEnded } from "./tv_fetch.js";
import { page, serverNow } from "./tv_page.js";
import { patch } from "./tv_patch.js";
import { answered, failed, isLive, set, showTime, state } from "./tv_state.js";

const RETRY_MS = [1_000, 4_000]; // first and longest wait
const MINUTE_MS = 60_000;
const AWAY_POLL_MS = 15_000;
const POLL_MS = 5_000;
const LOOK_MS = 1_000;
const WAIT_MS = 3_000; // for the next screen; then it is shown as it is

const sections = [...document.querySelectorAll("[data-screen]")];
let shown = sections[0];
let pace = Number(page.pace);
let startedAt = -Infinity; // the last fetch of the shown screen
let timer = null; // of the next one
let minute = Math.floor(serverNow() / MINUTE_MS);
const retry = new Retry(refetch, RETRY_MS);

showTime(shown.dataset.asOf);

// `topic` is null for all of them.
export function changed(topic, values = {}) {
  if (values.pace) pace = values.pace;
  if (topic === null || shown.dataset.topics.split(" ").includes(topic)) refetchSoon();
}

function refetchSoon() {
  timer ??= setTimeout(refetch, Math.max(0, startedAt + pace - performance.now()));
}

async function refetch() {
  clearTimeout(timer);
  timer = null;
  if (hasEnded()) return;
  startedAt = performance.now();
  if (!(await update(shown))) retry.schedule();
  else retry.reset();
}

// Returns whether the server answered.
async function update(section) {
  const { screen, etag } = section.dataset;
  const response = await ask(`/screens/${screen}`, { "If-None-Match": `"${etag}"` });
  if (hasEnded()) return true;
  if (!response) {
    failed();
    return false;
  }
  if (response.status === 200) {
    patch(section, response.text);
    section.dataset.etag = (response.headers.get("ETag") ?? "").replace(/^W\//, "").replaceAll('"', "");
  }
  section.dataset.asOf = decodeURIComponent(response.headers.get("Doorbell-As-Of") ?? "");
  if (section === shown) showTime(section.dataset.asOf);
  answered();
  return true;
}

// Each minute of the server's clock, and more often while no signals arrive.
export function fetchInTime() {
  setInterval(() => {
    const now = Math.floor(serverNow() / MINUTE_MS);
    const pollMs = state.connected ? AWAY_POLL_MS : POLL_MS;
    if (now !== minute) {
      minute = now;
      setTimeout(refetch, Math.random() * 2_000);
    } else if (!isLive() && performance.now() - startedAt > pollMs) {
      refetch();
    }
  }, LOOK_MS);
  // Offline: an open stream does not end with the network, so only a failed request shows that the server is away.
  for (const change of ["online", "offline"]) window.addEventListener(change, refetch);
}

export function rotate() {
  if (sections.length < 2) return;
  setTimeout(next, Number(page.seconds) * 1000);
}

async function next() {
  const following = sections[(sections.indexOf(shown) + 1) % sections.length];
  try {
    await Promise.race([update(following), new Promise((resolve) => setTimeout(resolve, WAIT_MS))]);
  } finally {
    if (!hasEnded()) turnTo(following);
  }
}

function turnTo(section) {
  shown = section;
  for (const each of sections) each.classList.toggle("is-shown", each === shown);
  for (const place of document.querySelectorAll("[data-place]")) place.classList.toggle("is-shown", place.dataset.place === shown.dataset.screen);
  showTime(shown.dataset.asOf);
  set({});
  rotate();
}
