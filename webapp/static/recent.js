// Recent orders. A changed row refetches alone and stays where it is. New orders refetch the list, but while it has the pointer
// or focus they wait behind a button.
import { state, onResume } from "./state.js";
import { onTopic, refetch } from "./dispatch.js";
import { joinBatch } from "./batch_refetch.js";
import { intervalMs, isCrowd } from "./pace.js";
import { watchUse } from "./in_use.js";
import { serverNow } from "./minute.js";
import { nt, t } from "./texts.js";

const MAX_ROWS = 6; // above it, and in a crowd, the list is cheaper

const list = document.getElementById("recent_orders");
const frame = list?.closest("[data-frame]");
const button = document.getElementById("waiting");
const changed = new Set(); // orders on the page
const added = new Set(); // orders not yet on the page
let isListChanged = false;
let at = null; // time of the oldest change
let nextAt = 0;
let timer = null;
const inUse = list ? watchUse(frame, list, schedule) : () => false;

if (list) {
  onTopic("orders", (data) => {
    markChanged(data);
    return list;
  });
  onTopic("minute", () => {
    checkScheduled();
    return list;
  });
  onResume(schedule);
  button.addEventListener("click", () => {
    showList();
    // The new rows come above those that were read.
    if (list.getBoundingClientRect().top < 0) frame.scrollIntoView({ block: "start" });
  });
}

function markChanged({ ids, at: changedAt }) {
  if (!state.paused) at ??= changedAt; // a pause is not latency
  if (!ids) isListChanged = true;
  for (const id of ids ?? []) {
    if (row(id)) changed.add(id);
    else added.add(id);
  }
  schedule();
}

// Refetches the list when the time of an order that was dated in the future has come.
function checkScheduled() {
  const next = list.querySelector("[data-next]")?.dataset.next;
  if (next && serverNow() >= Number(next)) markChanged({ ids: null });
}

const row = (id) => document.getElementById(`order-${id}`);

function schedule() {
  if (state.paused || timer) return;
  const wait = nextAt - performance.now();
  if (wait > 0) timer = setTimeout(flush, wait);
  else flush(); // within the batch that has the change
}

function flush() {
  timer = null;
  if (state.paused) return;
  if (needsList() && (!inUse() || isFirstRun())) return showList();
  if (changed.size) {
    nextAt = performance.now() + intervalMs(list);
    for (const id of changed) refetchRow(id);
    changed.clear();
    at = null;
  }
  if (isListChanged || added.size) {
    showButton();
    timer = setTimeout(flush, intervalMs(list)); // a resting pointer sends no event
  }
}

// The card of an empty board ends with the first order, whatever the pointer does.
const isFirstRun = () => Boolean(list.querySelector(".first-run"));
const needsList = () => isListChanged || added.size || changed.size > (isCrowd() ? 0 : MAX_ROWS);

function showButton() {
  button.textContent = added.size ? nt("%(num)s new order", "%(num)s new orders", added.size) : t("Show changes");
  button.hidden = false;
}

function showList() {
  const hadFocus = document.activeElement === button;
  nextAt = performance.now() + intervalMs(list);
  isListChanged = false;
  added.clear();
  changed.clear();
  button.hidden = true;
  if (hadFocus) frame.querySelector("summary").focus(); // a hidden button loses the focus
  if (!joinBatch(list, at)) refetch(list, at);
  at = null;
}

function refetchRow(id) {
  const element = row(id);
  if (!element) return;
  const options = { source: element, target: element, swap: "outerMorph" };
  htmx.ajax("GET", `/panels/recent_orders/${id}`, { ...options, changedAt: at });
}

// The order was deleted: refetch the list without it.
list?.addEventListener("htmx:response:error", ({ detail: { ctx } }) => {
  if (ctx.response.status === 404) markChanged({ ids: null });
});
