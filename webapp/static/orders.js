// The list of orders. It refetches as the board's panels do, with its filters and its page. While a person points at it, or on a
// page of older orders, its rows only change in place, and new orders wait behind a button.
import { onResume, state } from "./state.js";
import { onTopic, refetch } from "./dispatch.js";
import { watchUse } from "./in_use.js";
import { intervalMs } from "./pace.js";
import { nt } from "./texts.js";

const list = document.getElementById("orders_list");
const frame = list?.closest("[data-frame]");
const button = document.getElementById("orders-waiting");
const inUse = list ? watchUse(frame, list, left) : () => false;
let isChanged = false; // since the last refetch
let isBehind = false; // only the rows were refetched
let at = null; // time of the oldest change
let nextAt = 0;
let timer = null;

if (list) {
  for (const topic of ["orders", "day", "minute"]) {
    onTopic(topic, (data) => {
      markChanged(topic, data);
      return list;
    });
  }
  onResume(() => {
    if (isChanged) schedule();
  });
  button.addEventListener("click", showNewest);
  list.addEventListener("htmx:after:request", ({ detail: { ctx } }) => answered(ctx.response));
  continueSearch();
}

// The server stops a long search that has found nothing yet; the page continues it, without an entry in the browser's history.
function continueSearch() {
  const link = list.querySelector("[data-search-on]");
  if (link) location.replace(link.href);
}

function markChanged(topic, data) {
  if (topic === "minute" && !list.querySelector(".order-ahead")) return;
  if (!state.paused) at ??= data.at;
  isChanged = true;
  schedule();
}

function schedule() {
  if (state.paused || timer) return;
  timer = setTimeout(flush, Math.max(0, nextAt - performance.now()));
}

function flush() {
  timer = null;
  if (state.paused || !isChanged) return;
  nextAt = performance.now() + intervalMs(list);
  isChanged = false;
  const rows = [...list.querySelectorAll("tbody tr")].map((row) => row.id.replace("order-", ""));
  isBehind = rows.length > 0 && ("older" in list.dataset || inUse());
  if (isBehind) refetchRows(rows);
  else refetch(list, at);
  at = null;
}

function refetchRows(rows) {
  const url = new URL(list.dataset.rows, location.href);
  url.searchParams.set("ids", rows);
  url.searchParams.set("since", list.dataset.since);
  const options = { source: list, target: "#orders-rows", swap: "innerMorph", changedAt: at };
  htmx.ajax("GET", url.pathname + url.search, options);
}

function answered(response) {
  if (response.status !== 200 && response.status !== 304) return;
  const count = response.headers.get("Doorbell-New");
  if (count === null) list.dataset.since = response.headers.get("Doorbell-Now") ?? list.dataset.since;
  const shown = Number(count) >= 50 ? { num: `${count}+` } : {};
  button.textContent = nt("%(num)s new order", "%(num)s new orders", Number(count), shown);
  button.hidden = !Number(count);
  showTotals(response.headers.get("Doorbell-Totals"));
}

// Beside rows that only change in place, count and sum come in a header.
function showTotals(encoded) {
  const totals = document.getElementById("orders-totals");
  if (totals && encoded !== null) totals.textContent = decodeURIComponent(encoded);
}

// The list is in use no more, so its rows may move.
function left() {
  if (!isBehind || "older" in list.dataset || inUse()) return;
  isChanged = true;
  schedule();
}

function showNewest() {
  if ("older" in list.dataset) {
    location.assign(list.dataset.newest);
    return;
  }
  button.hidden = true;
  isBehind = false;
  frame.tabIndex = -1;
  frame.focus({ preventScroll: true }); // a hidden button loses the focus
  refetch(list, at);
}
