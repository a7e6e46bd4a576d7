// Dispatches a topic to its panels. Each is requested at its pace (pace.js), for any number of topics and signals. In a crowd,
// batch_refetch.js gathers the panels into one request. The figures of the board are always requested together (data-figure), so
// that all of them are of one moment.
import { orderChanged } from "./announce.js";
import { noteChange } from "./latency.js";
import { requestAtPace, requestTogether } from "./pace.js";
import { onResume, state } from "./state.js";

const handlers = new Map(); // topic -> function of signal data
const waiting = new Set(); // panels that changed during a pause
let gathered = null; // panels, while a batch gathers them

// The handlers of these topics refetch a list.
const LIST_TOPICS = new Set(["orders", "minute", "day"]);

// `handle(data)` may return a panel that it refetches itself.
export function onTopic(topic, handle) {
  handlers.set(topic, handle);
}

export function apply(topic, data) {
  if (topic === "resync") {
    refetchAll();
    return;
  }
  const handled = handlers.get(topic)?.(data);
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

// `at` is the time of the change, for the latency shown. In a pause the panel waits; a pause is not latency.
export function refetch(panel, at) {
  if (state.paused) {
    waiting.add(panel);
    return;
  }
  noteChange(panel, at);
  // The date in the head of the board is no panel, so a batch cannot have it.
  const board = panel.closest("#board [data-frame]")?.closest("#board");
  const isFigure = "figure" in panel.dataset && board;
  if (gathered && board) {
    for (const each of isFigure ? figures(board) : [panel]) gathered.add(each);
  } else if (isFigure) {
    requestTogether(board);
  } else {
    requestAtPace(panel);
  }
}

const figures = (board) => board.querySelectorAll("[data-figure]");

// Returns the panels of the board that `action` would refetch.
export function gather(action) {
  gathered = new Set();
  action();
  const panels = [...gathered];
  gathered = null;
  return panels;
}

export function refetchAll() {
  for (const [topic, handle] of handlers) {
    if (!LIST_TOPICS.has(topic)) handle({});
  }
  const list = handlers.get("orders")?.({ ids: null });
  for (const panel of document.querySelectorAll("[data-topics]")) {
    if (panel !== list) refetch(panel);
  }
}

onResume(() => {
  for (const panel of waiting) refetch(panel);
  waiting.clear();
});
