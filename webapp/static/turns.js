// Where many watch a tenant (`spread` > 0 in a signal) each page waits a random part of it before its turn, so that they do
// not all ask in one instant. What comes meanwhile, and until the turn is answered, is folded into the next one. A turn asks
// for all its panels at once. The inbox is one's own, nobody else asks for it.
import { apply, gather, refetchTogether } from "./refetch.js";
import { isLive } from "./state.js";

const TURN_MS = 500; // at least, from one turn to the next

const signals = new Map(); // topic -> data of signals that wait for this page's turn
let spread = 0;
let timer = null;
let asking = false;
let turnedAt = -Infinity;

export function changed(topic, data) {
  if (topic === "inbox" || !(data.spread || timer || asking)) return apply(topic, data);
  spread = data.spread ?? spread;
  signals.set(topic, folded(signals.get(topic), data));
  schedule();
}

// Of an order named in one signal and "many" in another: many. The latency that is shown counts from the oldest.
function folded(before, data) {
  if (!before) return data;
  const ids = before.ids && data.ids ? [...new Set([...before.ids, ...data.ids])] : null;
  return { ...data, at: Math.min(before.at, data.at), ...("ids" in data ? { ids } : {}) };
}

// While the stream is away there is nobody to ask, or nobody who knows: the turn comes when it is back, and the poll of
// live.js asks meanwhile.
export function schedule() {
  if (timer || asking || !signals.size || !isLive()) return;
  const rest = Math.max(0, turnedAt + TURN_MS - performance.now());
  timer = setTimeout(takeTurn, rest + Math.random() * spread);
}

async function takeTurn() {
  timer = null;
  if (!isLive()) return;
  turnedAt = performance.now();
  const taken = [...signals];
  signals.clear();
  const panels = gather(() => taken.forEach(([topic, data]) => apply(topic, data)));
  asking = true;
  try {
    await refetchTogether(panels);
  } finally {
    asking = false;
    schedule();
  }
}
