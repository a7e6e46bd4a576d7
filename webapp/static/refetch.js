// Dispatches a topic to its panels. Each is requested at its pace (pace.js), for any number of topics and signals. In a crowd,
// batch_refetch.js gathers the panels into one request.
import { isLive, recentlyDisconnected, onResume, set, show, showLatency, signedOut, state } from "./state.js";
import { orderChanged } from "./announce.js";
import { requestAtPace } from "./pace.js";

const handlers = new Map(); // topic -> function of signal data
const waiting = new Set(); // panels that changed during a pause
const changedAt = new WeakMap(); // panel -> its oldest unrequested change
const etags = new WeakMap(); // panel -> the ETag it shows
const PANELS = "Doorbell-Panels"; // a header: panels with their ETags
const unanswered = new Map(); // failed panel -> timer until stale
const STALE_MS = 5_000; // longer than a restart takes
const RETRY_MS = [1_000, 4_000]; // first and longest wait
let retryMs = RETRY_MS[0];
let retryTimer = null;
let gathered = null; // panels, while a batch gathers them
const LISTS = new Set(["orders", "minute", "day"]); // topics that the lists handle
// The offset to the server's clock, from the fastest response so far.
let clock = { offset: 0, trip: Infinity };

// `handle(data)` may return a panel that it refetches itself.
export const onTopic = (topic, handle) => handlers.set(topic, handle);

export function apply(topic, data) {
  if (topic === "resync") return refetchAll();
  const handled = handlers.get(topic)?.(data) ?? null;
  if (topic === "orders") orderChanged(data.ids);
  for (const panel of document.querySelectorAll(`[data-topics~="${topic}"]`)) {
    if (panel !== handled && concerns(topic, data, panel)) refetch(panel, data.at);
  }
}

// A panel with data-named-orders concerns only the orders that it shows.
function concerns(topic, { ids }, panel) {
  if (topic !== "orders" || !ids || !("namedOrders" in panel.dataset)) return true;
  return ids.some((id) => panel.querySelector(`[data-order="${id}"]`));
}

export function refetch(panel, at) {
  if (state.paused) {
    waiting.add(panel);
    return;
  }
  if (at && !changedAt.has(panel)) changedAt.set(panel, at);
  if (gathered && panel.closest("#board")) gathered.add(panel);
  else requestAtPace(panel);
}

// Returns the panels of the board that `action` would refetch.
export function gather(action) {
  gathered = new Set();
  action();
  const panels = [...gathered];
  gathered = null;
  return panels;
}

// One request for all of them; the response has a part for each panel that changed.
export async function refetchTogether(panels) {
  if (!panels.length) return;
  const names = panels.map((panel) => panel.id);
  const source = document.getElementById("board");
  await htmx.ajax("GET", `/panels?names=${names}`, { source, target: source, swap: "none", panels });
}

export function refetchAll() {
  for (const [topic, handle] of handlers) {
    if (!LISTS.has(topic)) handle({});
  }
  const list = handlers.get("orders")?.({ ids: null }) ?? null;
  for (const panel of document.querySelectorAll("[data-topics]")) {
    if (panel !== list) refetch(panel);
  }
}

onResume(() => {
  for (const panel of waiting) refetch(panel);
  waiting.clear();
});

function panelsOf(ctx) {
  if (ctx.panels) return ctx.panels;
  return ctx.sourceElement.dataset?.topics ? [ctx.sourceElement] : [];
}

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

document.addEventListener("htmx:before:request", ({ detail: { ctx } }) => {
  ctx.sentAt = Date.now();
});

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
  if (answered || !status || status >= 500) {
    if (ctx.panels) markEach(ctx, answered);
    else markOne(ctx, answered);
  }
  if (answered && ctx.changedAt) showLatency(Date.now() - clock.offset - ctx.changedAt);
});

// Marks each panel of a batch; one that the response does not name has failed.
function markEach(ctx, answered) {
  const header = answered ? (ctx.response.headers.get(PANELS) ?? "") : "";
  const found = new Map(Array.from(header.matchAll(/(\w+)=("[^"]*")/g), ([, name, etag]) => [name, etag]));
  for (const panel of ctx.panels) {
    const frame = panel.closest("[data-frame]");
    const etag = found.get(panel.id);
    if (etag) {
      etags.set(panel, etag);
      markFresh(frame, ctx);
    } else {
      markFailed(frame, ctx);
    }
  }
}

// Marks the frame of one panel, or of a part of one.
function markOne(ctx, answered) {
  const frame = ctx.sourceElement.closest?.("[data-frame]");
  if (!frame) return;
  if (!answered) return markFailed(frame, ctx);
  if (ctx.sourceElement.dataset.topics) etags.set(ctx.sourceElement, ctx.response.headers.get("ETag"));
  markFresh(frame, ctx);
}

function markFresh(frame, ctx) {
  const asOf = decodeURIComponent(ctx.response.headers.get("Doorbell-As-Of") ?? "");
  const times = [frame.querySelector(".as-of-time"), document.querySelector(".page-as-of")];
  if (asOf) {
    for (const time of times) {
      if (time) time.textContent = asOf;
    }
  }
  showStale(frame, false, "as of");
  const name = frame.dataset.frame;
  if (!unanswered.has(name)) return;
  clearTimeout(unanswered.get(name));
  unanswered.delete(name);
  if (state.stale.delete(name)) show();
  retryMs = RETRY_MS[0];
  for (const other of unanswered.keys()) refetchFrame(other); // the server is back
}

// Retries, and shows the panel as stale only after STALE_MS without a response.
function markFailed(frame, ctx) {
  if (ctx.request.signal.aborted && ctx.request.signal.reason !== "timeout") return; // the user leaves the page
  const name = frame.dataset.frame;
  if (!unanswered.has(name)) unanswered.set(name, setTimeout(markStale, STALE_MS, frame));
  retry();
}

// The last numbers stay, with their time.
function markStale(frame) {
  showStale(frame, true, "stale since");
  state.stale.set(frame.dataset.frame, frame.querySelector(".as-of-time").textContent);
  show();
}

// Refetches one of the failed panels, as a probe for all: their signal is past, and the next may be far off.
function retry() {
  if (retryTimer) return;
  retryTimer = setTimeout(() => {
    retryTimer = null;
    const names = [...unanswered.keys()];
    if (!names.length || state.signedOut) return;
    if (document.hidden || state.paused || recentlyDisconnected()) return retry();
    refetchFrame(names[Math.floor(Math.random() * names.length)]);
  }, retryMs * (0.5 + 0.5 * Math.random()));
  retryMs = Math.min(retryMs * 2, RETRY_MS[1]);
}

function refetchFrame(name) {
  const panel = document.querySelector(`[data-frame="${name}"] [data-topics]`);
  if (panel) refetch(panel);
}

function showStale(frame, isStale, text) {
  frame.classList.toggle("is-stale", isStale);
  frame.querySelector(".as-of-label").textContent = text;
}
