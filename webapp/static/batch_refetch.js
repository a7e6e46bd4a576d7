// Batches refetches in a crowd: signals with a jitter are for many pages, so each page fetches all its panels in one request at a
// time, at its pace. A page that comes from a pause waits a random part of the jitter; later it keeps its turn among the others.
// Signals that arrive before a request are merged into its batch, later ones into the next. The inbox is personal, so it is never
// batched.
import { apply, gather, refetch } from "./dispatch.js";
import { batchIntervalMs, isCrowd, learn, randomWaitMs } from "./pace.js";
import { refetchTogether } from "./panel_requests.js";
import { isLive } from "./state.js";

const signals = new Map(); // topic -> data for the next batch
const joined = new Map(); // list -> time of its oldest change
let timer = null;
let fetching = false;
let flushedAt = -Infinity;
let answeredAt = -Infinity;

export function changed(topic, data) {
  learn(data);
  const isBatched = isCrowd() || timer || fetching;
  if (topic === "inbox" || !isBatched) return apply(topic, data);
  signals.set(topic, merged(signals.get(topic), data));
  schedule();
}

// Order ids merge to their union, or to "many" (null) when either is many. The oldest change counts for the latency shown.
export function merged(before, data) {
  if (!before) return data;
  const both = { ...data, at: Math.min(before.at, data.at) };
  if ("ids" in data) both.ids = before.ids && data.ids ? [...new Set([...before.ids, ...data.ids])] : null;
  return both;
}

// Adds a list of the board to the next batch. Outside of a crowd it returns false, and the list makes a request of its own.
export function joinBatch(list, at) {
  if (!isCrowd() || !isLive()) return false;
  joined.set(list, joined.get(list) ?? at);
  schedule();
  return true;
}

// While no signals arrive the batch waits, and live.js polls.
export function schedule() {
  if (timer || fetching || !(signals.size || joined.size) || !isLive()) return;
  const now = performance.now();
  const wait = Math.max(0, flushedAt + batchIntervalMs() - now);
  const isFromPause = now - answeredAt > batchIntervalMs();
  timer = setTimeout(flush, wait + (isFromPause ? randomWaitMs() : 0));
}

async function flush() {
  timer = null;
  if (!isLive()) return;
  flushedAt = performance.now();
  fetching = true; // before the lists join
  const panels = gather(takeAll);
  try {
    await refetchTogether(panels);
  } finally {
    fetching = false;
    answeredAt = performance.now();
    schedule();
  }
}

function takeAll() {
  const batch = [...signals];
  signals.clear();
  for (const [topic, data] of batch) apply(topic, data);
  const lists = [...joined];
  joined.clear();
  for (const [list, at] of lists) refetch(list, at);
}
