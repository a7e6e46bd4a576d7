// From a topic to the panels that listen for it. Each panel has hx-trigger="refetch throttle:…": at most one request in
// that time, the trailing one never lost, however many topics and signals ask.
import { isLive, onResume, set, show, showLatency, state } from "./state.js";
import { orderChanged } from "./announce.js";

const listeners = new Map(); // topic -> what else wants to know, called with the signal's data
const waiting = new Set(); // panels that changed during a pause
const changedAt = new WeakMap(); // panel -> when the oldest change that it has not asked for yet was recorded
const etags = new WeakMap(); // panel -> the ETag of what it shows
const spreading = new Map(); // topic -> data of signals that wait for this page's turn
const TURN_MS = 1_000; // between two turns, and a random part of the spread beside it
const AGAIN_MS = [1_000, 4_000]; // first and longest wait before one of the panels that got no answer asks again
let againMs = AGAIN_MS[0];
let againTimer = null;
let turnTimer = null;
let turnedAt = -Infinity;
let clock = { offset: 0, trip: Infinity }; // this clock less the server's, from the quickest answer so far

// `take(data)` answers true when it deals with the panels of that topic itself.
export const onTopic = (topic, take) => listeners.set(topic, take);

// Where many watch (`spread` > 0) each page waits a random part of it, so that they do not all ask in one instant; what comes
// meanwhile is folded into the same turn. The inbox is one's own, nobody else asks for it.
export function changed(topic, data) {
  if (topic === "inbox" || !(data.spread || turnTimer)) return apply(topic, data);
  spreading.set(topic, folded(spreading.get(topic), data));
  const rest = Math.max(0, turnedAt + TURN_MS - performance.now());
  turnTimer ??= setTimeout(takeTurn, rest + Math.random() * data.spread);
}

// Of an order named in one signal and "many" in another: many. The latency that is shown counts from the oldest.
function folded(before, data) {
  if (!before) return data;
  const ids = before.ids && data.ids ? [...new Set([...before.ids, ...data.ids])] : null;
  return { ...data, at: Math.min(before.at, data.at), ...("ids" in data ? { ids } : {}) };
}

function takeTurn() {
  turnTimer = null;
  turnedAt = performance.now();
  const signals = [...spreading];
  spreading.clear();
  for (const [topic, data] of signals) apply(topic, data);
}

function apply(topic, data) {
  if (topic === "resync") return refetchAll();
  const taken = listeners.get(topic)?.(data) ?? null;
  if (topic === "orders") orderChanged(data.ids);
  if (topic === "day") refetchDate();
  for (const panel of document.querySelectorAll(`[data-topics~="${topic}"]`)) if (panel !== taken) refetch(panel, data.at);
}

export function refetch(panel, at) {
  if (state.paused) return void waiting.add(panel);
  if (at && !changedAt.has(panel)) changedAt.set(panel, at);
  htmx.trigger(panel, "refetch", {}, false);
}

export function refetchAll() {
  for (const [topic, take] of listeners) if (topic !== "orders") take({});
  const list = listeners.get("orders")?.({ ids: null }) ?? null;
  for (const panel of document.querySelectorAll("[data-topics]")) if (panel !== list) refetch(panel);
  refetchDate();
}

function refetchDate() {
  const today = document.getElementById("today");
  if (today && !state.paused) htmx.ajax("GET", "/", { source: today, target: today, select: "#today", swap: "outerMorph" });
}

onResume(() => {
  for (const panel of waiting) refetch(panel);
  waiting.clear();
});

document.addEventListener("htmx:config:request", ({ detail: { ctx } }) => {
  const panel = ctx.sourceElement;
  if (!panel.dataset?.topics) return;
  ctx.changedAt = changedAt.get(panel);
  changedAt.delete(panel);
  if (etags.has(panel)) ctx.request.headers["If-None-Match"] = etags.get(panel);
});

document.addEventListener("htmx:before:request", ({ detail: { ctx } }) => (ctx.sentAt = Date.now()));

document.addEventListener("htmx:after:request", ({ detail: { ctx } }) => {
  const now = Number(ctx.response.headers.get("Doorbell-Now"));
  const trip = Date.now() - ctx.sentAt;
  if (now && trip < clock.trip) clock = { offset: ctx.sentAt + trip / 2 - now, trip };
});

document.addEventListener("htmx:finally:request", ({ detail: { ctx } }) => {
  const status = ctx.response?.status;
  if (status === 401 || status === 403) return set({ signedOut: true });
  const frame = ctx.sourceElement.closest?.("[data-frame]");
  const answered = status === 200 || status === 304;
  if (answered && !isLive() && ctx.sourceElement.dataset?.topics) set({ polled: true });
  if (frame && (answered || !status || status >= 500)) (answered ? fresh : stale)(frame, ctx);
  if (answered && ctx.changedAt) showLatency(Date.now() - clock.offset - ctx.changedAt);
});

function fresh(frame, ctx) {
  const headers = ctx.response.headers;
  if (ctx.sourceElement.dataset.topics) etags.set(ctx.sourceElement, headers.get("ETag"));
  const asOf = decodeURIComponent(headers.get("Doorbell-As-Of") ?? "");
  if (asOf) for (const time of [frame.querySelector(".as-of-time"), document.querySelector(".page-as-of")]) time.textContent = asOf;
  mark(frame, false, "as of");
  if (!state.stale.delete(frame.dataset.frame)) return;
  show();
  againMs = AGAIN_MS[0];
  for (const name of state.stale.keys()) refetchFrame(name); // it is there again, for the others as well
}

// The last numbers stay, with the time that they are of.
function stale(frame, ctx) {
  if (ctx.request.signal.aborted && ctx.request.signal.reason !== "timeout") return; // the page is being left
  mark(frame, true, "stale since");
  state.stale.set(frame.dataset.frame, frame.querySelector(".as-of-time").textContent);
  show();
  askAgain();
}

// The signal that a stale panel was to follow is gone, and the next may be long in coming. One panel asks for all.
function askAgain() {
  if (againTimer) return;
  againTimer = setTimeout(() => {
    againTimer = null;
    const names = [...state.stale.keys()];
    if (!names.length || state.signedOut) return;
    if (document.hidden || state.paused) return askAgain();
    refetchFrame(names[Math.floor(Math.random() * names.length)]);
  }, againMs * (0.5 + 0.5 * Math.random()));
  againMs = Math.min(againMs * 2, AGAIN_MS[1]);
}

function refetchFrame(name) {
  const panel = document.querySelector(`[data-frame="${name}"] [data-topics]`);
  if (panel) refetch(panel);
}

function mark(frame, isStale, text) {
  frame.classList.toggle("is-stale", isStale);
  frame.querySelector(".as-of-words").textContent = text;
}
