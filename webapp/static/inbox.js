// The bell's badge and the toasts, updated at once with each `inbox` signal. The list refetches separately, more slowly.
import { csrfHeader, userHeader } from "./menus.js";
import { onResume, state } from "./state.js";
import { onTopic } from "./dispatch.js";
import { announce } from "./announce.js";
import { Retry } from "./retry.js";

const SHOWN_MS = 20_000; // longer with pointer or focus inside
const MAX_TOASTS = 3;
const TIMEOUT_MS = 20_000; // so that no request blocks the next
const RETRY_MS = [1_000, 4_000]; // first and longest wait

const bell = document.getElementById("bell");
const badge = document.getElementById("unread");
const badgeLabel = document.getElementById("unread-label");
const toasts = document.getElementById("toasts");
let seen = bell.dataset.seen; // the page's newest notification
let fetching = false;
let fetchAgain = false;
const retry = new Retry(afterFailure, RETRY_MS);

onTopic("inbox", update);
onResume(() => {
  if (fetchAgain) update();
});

function update() {
  if (fetching || state.paused) {
    fetchAgain = true;
    return;
  }
  fetchOrRetry();
}

async function fetchOrRetry() {
  fetching = true;
  fetchAgain = false;
  const answered = await fetchNew();
  fetching = false;
  if (!answered) {
    retry.schedule();
    return;
  }
  retry.reset();
  if (fetchAgain && !state.paused) update();
}

function afterFailure() {
  if (!state.signedOut) update();
}

// Returns false when a retry is needed: without an answer the badge would be wrong until the next signal.
async function fetchNew() {
  let response;
  let text;
  try {
    const options = { headers: { ...userHeader(), "HX-Request": "true" }, signal: AbortSignal.timeout(TIMEOUT_MS) };
    response = await fetch(`${bell.dataset.newItems}?seen=${seen}`, options);
    text = await response.text();
  } catch {
    return false;
  }
  if (!response.ok) return response.status < 500;
  const parsed = new DOMParser().parseFromString(text, "text/html");
  const items = parsed.querySelector("[data-seen]");
  badge.textContent = items.dataset.unread;
  badgeLabel.textContent = items.dataset.unread || "no";
  seen = items.dataset.seen;
  const arrived = [...items.querySelectorAll(".note-toast")].map((toast) => document.adoptNode(toast));
  for (const toast of arrived) add(toast);
  if (arrived.length) announce(arrived.map(sentence).join(" "));
  return true;
}

function sentence(toast) {
  const parts = [...toast.querySelectorAll(".toast-label")].map((part) => part.textContent.trim());
  return `${parts.join(", ")}.`;
}

function add(toast) {
  while (toasts.children.length >= MAX_TOASTS) toasts.firstElementChild.remove();
  toast.querySelector(".toast-dismiss").addEventListener("click", () => toast.remove());
  toast.querySelector(".toast-open").addEventListener("click", () => markRead(toast.dataset.read));
  toasts.append(toast);
  const leave = () => {
    if (toast.matches(":hover, :focus-within")) setTimeout(leave, SHOWN_MS / 4);
    else toast.remove();
  };
  setTimeout(leave, SHOWN_MS);
}

function markRead(url) {
  if (url) fetch(url, { method: "POST", headers: { ...csrfHeader(), "HX-Request": "true" }, keepalive: true });
}
