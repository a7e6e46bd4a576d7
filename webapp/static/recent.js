// Recent orders. A changed row refetches alone and stays where it is. New orders refetch the list, but not under
// somebody's pointer or focus: then they wait behind a button.
import { state, onResume } from "./state.js";
import { onTopic, refetch } from "./refetch.js";
import { watchUse } from "./in_use.js";
import { serverNow } from "./minute.js";

const FOLD_MS = 2_000; // rows that change within this time are asked for together, the first at once
const MANY_ROWS = 6; // then one request for the list is cheaper

const list = document.getElementById("recent_orders");
const frame = list?.closest("[data-frame]");
const button = document.getElementById("waiting");
const dirty = new Set(); // rows on the page
const fresh = new Set(); // orders that are not on the page yet
let wantsList = false;
let at = null;
let foldedUntil = 0;
let timer = null;
const inUse = list ? watchUse(frame, list, schedule) : () => false;

if (list) {
  onTopic("orders", (data) => (note(data), list));
  onTopic("minute", () => (noteTheFuture(), list));
  onResume(schedule);
  button.addEventListener("click", showList);
}

function note({ ids, at: changedAt }) {
  if (!state.paused) at ??= changedAt; // a time that somebody paused is no delay of ours
  if (!ids) wantsList = true;
  for (const id of ids ?? []) (row(id) ? dirty : fresh).add(id);
  schedule();
}

// An order that was dated in the future has its time now.
function noteTheFuture() {
  const next = list.querySelector("[data-next]")?.dataset.next;
  if (next && serverNow() >= Number(next)) note({ ids: null });
}

const row = (id) => document.getElementById(`order-${id}`);

function schedule() {
  if (state.paused || timer) return;
  timer = setTimeout(flush, Math.max(0, foldedUntil - performance.now()));
}

function flush() {
  timer = null;
  if (state.paused) return;
  const held = inUse();
  if ((wantsList || fresh.size || dirty.size > MANY_ROWS) && !held) return showList();
  if (dirty.size) {
    foldedUntil = performance.now() + FOLD_MS;
    for (const id of dirty) refetchRow(id);
    dirty.clear();
    at = null;
  }
  if (wantsList || fresh.size) {
    offer();
    timer = setTimeout(flush, FOLD_MS); // a resting pointer sends no event: look again
  }
}

function offer() {
  button.textContent = fresh.size ? `${fresh.size} new order${fresh.size === 1 ? "" : "s"}` : "Show changes";
  button.hidden = false;
}

function showList() {
  const hadFocus = document.activeElement === button;
  foldedUntil = performance.now() + FOLD_MS;
  wantsList = false;
  fresh.clear();
  dirty.clear();
  button.hidden = true;
  if (hadFocus) frame.querySelector("summary").focus(); // a hidden button cannot keep it
  refetch(list, at);
  at = null;
}

function refetchRow(id) {
  const element = row(id);
  if (!element) return;
  const options = { source: element, target: element, swap: "outerMorph" };
  htmx.ajax("GET", `/panels/recent_orders/${id}`, { ...options, changedAt: at });
}

// The order is gone: its row goes with the next list.
list?.addEventListener("htmx:response:error", ({ detail: { ctx } }) => {
  if (ctx.response.status === 404) note({ ids: null });
});
