// The bell: the leading tab requests the new notifications after each `inbox` signal, for all tabs. Each tab shows their number,
// in its badge and its title. The bell's list refetches separately, more slowly.
import { onTopic } from "./dispatch.js";
import { userHeader } from "./menus.js";
import { Retry } from "./retry.js";
import { ring } from "./ringing.js";
import { onResume, state } from "./state.js";
import { isLeader, onMessage, send } from "./tabs.js";
import { t } from "./texts.js";

const TIMEOUT_MS = 20_000; // so that no request blocks the next
const RETRY_MS = [1_000, 4_000]; // first and longest wait
const EXPECT_MS = 1_500; // then the leader's answer is missing

const bell = document.getElementById("bell");
const badge = document.getElementById("unread");
const badgeLabel = document.getElementById("unread-label");
const title = document.title;
let unread = badge.textContent;
let seen = bell.dataset.seen; // the newest notification of all tabs
let fetching = false;
let fetchAgain = false;
let expected = null; // timer
let wasAway = false; // then the next news are one sentence
const retry = new Retry(afterFailure, RETRY_MS);

onTopic("inbox", update);
onResume(showCount);
onMessage("news", ({ text, isReturn }) => show(text, isReturn));
onMessage("expect", () => isLeader() && update());
showCount();

export function update() {
  if (!isLeader()) {
    expected ??= setTimeout(request, EXPECT_MS);
    return;
  }
  if (fetching) fetchAgain = true;
  else fetchOrRetry();
}

// The leader has sent no news: it missed the signal, or this tab leads now.
function request() {
  expected = null;
  if (isLeader()) update();
  else send("expect");
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
  if (fetchAgain) update();
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
  const isReturn = wasAway;
  wasAway = false;
  show(text, isReturn);
  send("news", { text, isReturn });
  return true;
}

// The stream is back after an absence: the computer slept or was offline.
export function returned() {
  wasAway = true;
  update();
}

function show(text, isReturn) {
  clearTimeout(expected);
  expected = null;
  const items = new DOMParser().parseFromString(text, "text/html").querySelector("[data-seen]");
  unread = items.dataset.unread;
  seen = items.dataset.seen;
  if (!state.paused) showCount();
  const away = isReturn && items.querySelector("template")?.content;
  const arrived = [...(away || items).querySelectorAll(".note-toast")].map((toast) => document.adoptNode(toast));
  ring(arrived, unread === "");
}

function showCount() {
  badge.textContent = unread;
  badgeLabel.textContent = unread || t("no");
  document.title = unread ? `(${unread}) ${title}` : title;
}
