// From a topic to the panels that listen for it. Each panel has hx-trigger="refetch throttle:…": at most one request in
// that time, the trailing one never lost, however many topics and signals ask. Where many watch, turns.js gathers them.
import { isLive, lostForAMoment, onResume, set, show, showLatency, signedOut, state } from "./state.js";
import { orderChanged } from "./announce.js";

const listeners = new Map(); // topic -> what else wants to know, called with the signal's data
const waiting = new Set(); // panels that changed during a pause
const changedAt = new WeakMap(); // panel -> when the oldest change that it has not asked for yet was recorded
const etags = new WeakMap(); // panel -> the ETag of what it shows
const PANELS = "Doorbell-Panels"; // the header that names several panels with their ETags, asked for and answered
const unanswered = new Map(); // name of a panel that got no answer -> the timer until it is shown as stale
const STALE_MS = 5_000; // a web process that restarts is back sooner, and then nobody needs to read about it
const AGAIN_MS = [1_000, 4_000]; // first and longest wait before one of the panels that got no answer asks again
let againMs = AGAIN_MS[0];
let againTimer = null;
let gathered = null; // while a turn gathers: its panels
const LISTS = new Set(["orders", "minute", "day"]); // topics at which a list decides itself what to ask for
let clock = { offset: 0, trip: Infinity }; // this clock less the server's, from the quickest answer so far

// `take(data)` answers true when it deals with the panels of that topic itself.
export const onTopic = (topic, take) => listeners.set(topic, take);

export function apply(topic, data) {
  if (topic === "resync") return refetchAll();
  const taken = listeners.get(topic)?.(data) ?? null;
  if (topic === "orders") orderChanged(data.ids);
  for (const panel of document.querySelectorAll(`[data-topics~="${topic}"]`)) {
    if (panel !== taken && concerns(topic, data, panel)) refetch(panel, data.at);
  }
}

// A part with data-named-orders shows only the orders that it names inside.
function concerns(topic, { ids }, panel) {
  if (topic !== "orders" || !ids || !("namedOrders" in panel.dataset)) return true;
  return ids.some((id) => panel.querySelector(`[data-order="${id}"]`));
}

export function refetch(panel, at) {
  if (state.paused) return void waiting.add(panel);
  if (at && !changedAt.has(panel)) changedAt.set(panel, at);
  if (gathered && panel.closest("#board")) gathered.add(panel);
  else htmx.trigger(panel, "refetch", {}, false);
}

// The panels of the board that `action` would refetch.
export function gather(action) {
  gathered = new Set();
  action();
  const panels = [...gathered];
  gathered = null;
  return panels;
}

// One request for all of them: the answer has a part for each that is another than the page has.
export async function refetchTogether(panels) {
  if (!panels.length) return;
  const names = panels.map((panel) => panel.id);
  const source = document.getElementById("board");
  await htmx.ajax("GET", `/panels?names=${names}`, { source, target: source, swap: "none", panels });
}

export function refetchAll() {
  for (const [topic, take] of listeners) if (!LISTS.has(topic)) take({});
  const list = listeners.get("orders")?.({ ids: null }) ?? null;
  for (const panel of document.querySelectorAll("[data-topics]")) if (panel !== list) refetch(panel);
}

onResume(() => {
  for (const panel of waiting) refetch(panel);
  waiting.clear();
});

const panelsOf = (ctx) => ctx.panels ?? (ctx.sourceElement.dataset?.topics ? [ctx.sourceElement] : []);

document.addEventListener("htmx:config:request", ({ detail: { ctx } }) => {
  const panels = panelsOf(ctx);
  if (!panels.length) return;
  const moments = panels.map((panel) => changedAt.get(panel)).filter(Boolean);
  ctx.changedAt = moments.length ? Math.min(...moments) : undefined;
  const known = panels.filter((panel) => etags.has(panel));
  for (const panel of panels) changedAt.delete(panel);
  if (ctx.panels) ctx.request.headers[PANELS] = known.map((panel) => `${panel.id}=${etags.get(panel)}`).join(", ");
  else if (known.length) ctx.request.headers["If-None-Match"] = etags.get(panels[0]);
});

document.addEventListener("htmx:before:request", ({ detail: { ctx } }) => (ctx.sentAt = Date.now()));

document.addEventListener("htmx:after:request", ({ detail: { ctx } }) => {
  const now = Number(ctx.response.headers.get("Doorbell-Now"));
  const trip = Date.now() - ctx.sentAt;
  if (now && trip < clock.trip) clock = { offset: ctx.sentAt + trip / 2 - now, trip };
});

document.addEventListener("htmx:finally:request", ({ detail: { ctx } }) => {
  const status = ctx.response?.status;
  if (signedOut(status)) return;
  const answered = status === 200 || status === 304;
  if (answered && !isLive() && ctx.sourceElement.dataset?.topics) set({ polled: true });
  if (answered || !status || status >= 500) (ctx.panels ? markEach : markOne)(ctx, answered);
  if (answered && ctx.changedAt) showLatency(Date.now() - clock.offset - ctx.changedAt);
});

// A panel that the answer does not name has failed.
function markEach(ctx, answered) {
  const seen = answered ? (ctx.response.headers.get(PANELS) ?? "") : "";
  const there = new Map(Array.from(seen.matchAll(/(\w+)=("[^"]*")/g), ([, name, etag]) => [name, etag]));
  for (const panel of ctx.panels) {
    const etag = there.get(panel.id);
    if (etag) etags.set(panel, etag);
    (etag ? fresh : failed)(panel.closest("[data-frame]"), ctx);
  }
}

// A panel, or a part of one.
function markOne(ctx, answered) {
  const frame = ctx.sourceElement.closest?.("[data-frame]");
  if (!frame) return;
  if (answered && ctx.sourceElement.dataset.topics) etags.set(ctx.sourceElement, ctx.response.headers.get("ETag"));
  (answered ? fresh : failed)(frame, ctx);
}

function fresh(frame, ctx) {
  const asOf = decodeURIComponent(ctx.response.headers.get("Doorbell-As-Of") ?? "");
  const times = [frame.querySelector(".as-of-time"), document.querySelector(".page-as-of")];
  if (asOf) for (const time of times) if (time) time.textContent = asOf;
  mark(frame, false, "as of");
  const name = frame.dataset.frame;
  if (!unanswered.has(name)) return;
  clearTimeout(unanswered.get(name));
  unanswered.delete(name);
  if (state.stale.delete(name)) show();
  againMs = AGAIN_MS[0];
  for (const other of unanswered.keys()) refetchFrame(other); // it is there again, for the others as well
}

// It is asked for again; only when that goes on without an answer somebody reads about it.
function failed(frame, ctx) {
  if (ctx.request.signal.aborted && ctx.request.signal.reason !== "timeout") return; // the page is being left
  const name = frame.dataset.frame;
  if (!unanswered.has(name)) unanswered.set(name, setTimeout(stale, STALE_MS, frame));
  askAgain();
}

// The last numbers stay, with the time that they are of.
function stale(frame) {
  mark(frame, true, "stale since");
  state.stale.set(frame.dataset.frame, frame.querySelector(".as-of-time").textContent);
  show();
}

// The signal that such a panel was to follow is gone, and the next may be long in coming. One panel asks for all.
function askAgain() {
  if (againTimer) return;
  againTimer = setTimeout(() => {
    againTimer = null;
    const names = [...unanswered.keys()];
    if (!names.length || state.signedOut) return;
    if (document.hidden || state.paused || lostForAMoment()) return askAgain();
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
