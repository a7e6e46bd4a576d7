// Batches refetches in a crowd: a signal with `jitter` > 0 is for many pages, so each waits a random part of it and then fetches
// all its panels in one request. Signals that arrive before that are merged into the batch, later ones into the next. The inbox
// is personal, so it is never batched.
import { apply, gather } from "./dispatch.js";
import { refetchTogether } from "./panel_requests.js";
import { isLive } from "./state.js";

const MIN_INTERVAL_MS = 500; // from one batch to the next

const signals = new Map(); // topic -> data for the next batch
let jitter = 0;
let timer = null;
let fetching = false;
let flushedAt = -Infinity;

export function changed(topic, data) {
  const isBatched = data.jitter || timer || fetching;
  if (topic === "inbox" || !isBatched) return apply(topic, data);
  jitter = data.jitter ?? jitter;
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

// While no signals arrive the batch waits, and live.js polls.
export function schedule() {
  if (timer || fetching || !signals.size || !isLive()) return;
  const wait = Math.max(0, flushedAt + MIN_INTERVAL_MS - performance.now());
  timer = setTimeout(flush, wait + Math.random() * jitter);
}

async function flush() {
  timer = null;
  if (!isLive()) return;
  flushedAt = performance.now();
  const batch = [...signals];
  signals.clear();
  const panels = gather(() => {
    for (const [topic, data] of batch) apply(topic, data);
  });
  fetching = true;
  try {
    await refetchTogether(panels);
  } finally {
    fetching = false;
    schedule();
  }
}
