// The bell's badge and the toasts, at once with each `inbox` signal. The list refetches by itself, more slowly.
import { csrfHeader, userHeader } from "./menus.js";
import { onResume, state } from "./state.js";
import { onTopic } from "./refetch.js";
import { say } from "./announce.js";

const SHOWN_MS = 20_000; // unless the pointer or focus is in it; the inbox keeps it in any case
const SHOWN_AT_ONCE = 3;
const PATIENCE_MS = 20_000; // an answer that never comes must not hold up the next question
const AGAIN_MS = [1_000, 4_000]; // first and longest wait after an answer that did not come

const bell = document.getElementById("bell");
const badge = document.getElementById("unread");
const badgeWords = document.getElementById("unread-words");
const toasts = document.getElementById("toasts");
let seen = bell.dataset.seen; // what was there when the page was painted is no news
let asking = false;
let askAgain = false;
let failures = 0;
let failedTimer = null;

onTopic("inbox", ask);
onResume(() => askAgain && ask());

function ask() {
  if (asking || state.paused) return void (askAgain = true);
  asking = true;
  askAgain = false;
  fetchNews().then((answered) => {
    asking = false;
    if (!answered) return askLater();
    failures = 0;
    if (askAgain && !state.paused) ask();
  });
}

function askLater() {
  const wait = Math.min(AGAIN_MS[0] * 2 ** failures++, AGAIN_MS[1]) * (0.5 + 0.5 * Math.random());
  failedTimer ??= setTimeout(afterFailure, wait);
}

function afterFailure() {
  failedTimer = null;
  if (!state.signedOut) ask();
}

// False when there was no answer: the badge would be wrong until the next signal, so it is asked again.
async function fetchNews() {
  let response;
  let text;
  try {
    const options = { headers: { ...userHeader(), "HX-Request": "true" }, signal: AbortSignal.timeout(PATIENCE_MS) };
    response = await fetch(`${bell.dataset.newItems}?seen=${seen}`, options);
    text = await response.text();
  } catch {
    return false;
  }
  if (!response.ok) return response.status < 500;
  const parsed = new DOMParser().parseFromString(text, "text/html");
  const news = parsed.querySelector("[data-seen]");
  badge.textContent = news.dataset.unread;
  badgeWords.textContent = news.dataset.unread || "no";
  seen = news.dataset.seen;
  const arrived = [...news.querySelectorAll(".note-toast")].map((toast) => document.adoptNode(toast));
  for (const toast of arrived) add(toast);
  if (arrived.length) say(arrived.map((toast) => words(toast)).join(" "));
  return true;
}

const words = (toast) => [...toast.querySelectorAll(".toast-words")].map((part) => part.textContent.trim()).join(", ") + ".";

function add(toast) {
  while (toasts.children.length >= SHOWN_AT_ONCE) toasts.firstElementChild.remove();
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
