// Frames whose requests fail: one of them is retried, and each is shown as stale after STALE_MS without a response.
import { refetch } from "./dispatch.js";
import { Retry } from "./retry.js";
import { recentlyDisconnected, restartMs, show, state } from "./state.js";
import { t } from "./texts.js";

const STALE_MS = 5_000;
const RETRY_MS = [1_000, 4_000]; // first and longest wait

const failed = new Map(); // name of a frame -> timer until stale
const retry = new Retry(probe, RETRY_MS);

// `asOf` is the time of the numbers, on the tenant's clock.
export function markFresh(frame, asOf) {
  if (asOf) showTime(frame, asOf);
  setLabel(frame, false, t("as of"));
  const name = frame.dataset.frame;
  if (!failed.has(name)) return;
  clearTimeout(failed.get(name));
  failed.delete(name);
  if (state.stale.delete(name)) show();
  retry.reset();
  // The server is back.
  for (const other of failed.keys()) refetchFrame(other);
}

export function markFailed(frame) {
  const name = frame.dataset.frame;
  if (!failed.has(name)) failed.set(name, setTimeout(markStale, STALE_MS, frame));
  retry.schedule();
}

// The last numbers stay, with their time. While the server restarts the page shows "Reconnecting" instead.
function markStale(frame) {
  const wait = restartMs();
  if (wait) {
    failed.set(frame.dataset.frame, setTimeout(markStale, wait, frame));
    return;
  }
  setLabel(frame, true, t("stale since"));
  state.stale.set(frame.dataset.frame, frame.querySelector(".as-of-time").textContent);
  show();
}

// Refetches one of the failed frames, as a probe for all: their signal is past, and the next may be far off.
function probe() {
  const names = [...failed.keys()];
  if (!names.length || state.signedOut) return;
  if (document.hidden || recentlyDisconnected()) {
    retry.schedule();
    return;
  }
  refetchFrame(names[Math.floor(Math.random() * names.length)]);
}

function refetchFrame(name) {
  const panel = document.querySelector(`[data-frame="${name}"] [data-topics]`);
  if (panel) refetch(panel);
}

// The frame has its own time; the page's is that of its newest numbers.
function showTime(frame, asOf) {
  for (const time of [frame.querySelector(".as-of-time"), document.querySelector(".page-as-of")]) {
    if (time) time.textContent = asOf;
  }
}

function setLabel(frame, isStale, text) {
  frame.classList.toggle("is-stale", isStale);
  frame.querySelector(".as-of-label").textContent = text;
}
