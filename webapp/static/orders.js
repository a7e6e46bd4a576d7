// The list of orders. It refetches as the board's panels do, with its search and its place. While a person points at it, or on
// a page of older orders, its rows only change where they are, and new orders wait behind a button.
import { onResume, state } from "./state.js";
import { onTopic, refetch } from "./refetch.js";
import { watchUse } from "./in_use.js";

const FOLD_MS = 2_000; // changes within this time are asked for together, the first at once

const list = document.getElementById("orders_list");
const frame = list?.closest("[data-frame]");
const button = document.getElementById("orders-waiting");
const inUse = list ? watchUse(frame, list, left) : () => false;
let isDirty = false; // something changed that was not asked for
let isBehind = false; // the rows were renewed where they are, the list was not
let at = null;
let foldedUntil = 0;
let timer = null;

if (list) {
  for (const topic of ["orders", "day", "minute"]) onTopic(topic, (data) => (note(topic, data), list));
  onResume(() => isDirty && schedule());
  button.addEventListener("click", showNewest);
  list.addEventListener("htmx:after:request", ({ detail: { ctx } }) => answered(ctx.response));
  searchOn();
}

// A search that was stopped before it found anything goes on by itself, without an entry in the browser's history.
function searchOn() {
  const link = list.querySelector("[data-search-on]");
  if (link) location.replace(link.href);
}

function note(topic, data) {
  if (topic === "minute" && !list.querySelector(".order-ahead")) return;
  if (!state.paused) at ??= data.at;
  isDirty = true;
  schedule();
}

function schedule() {
  if (state.paused || timer) return;
  timer = setTimeout(flush, Math.max(0, foldedUntil - performance.now()));
}

function flush() {
  timer = null;
  if (state.paused || !isDirty) return;
  foldedUntil = performance.now() + FOLD_MS;
  isDirty = false;
  const rows = [...list.querySelectorAll("tbody tr")].map((row) => row.id.replace("order-", ""));
  const stays = rows.length && ("older" in list.dataset || inUse());
  if (stays) refetchRows(rows);
  else refetch(list, at);
  isBehind = Boolean(stays);
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
  const isMany = Number(count) >= 50;
  button.textContent = `${count}${isMany ? "+" : ""} new order${count === "1" ? "" : "s"}`;
  button.hidden = !Number(count);
}

// Nobody points at it any more: it may move.
function left() {
  if (!isBehind || "older" in list.dataset || inUse()) return;
  isDirty = true;
  schedule();
}

function showNewest() {
  if ("older" in list.dataset) return void location.assign(list.dataset.newest);
  button.hidden = true;
  isBehind = false;
  frame.tabIndex = -1;
  frame.focus({ preventScroll: true }); // a hidden button cannot keep it
  refetch(list, at);
}
