// The pace of this page's refetches. The server renders it into the page and sends the present one with each signal
// (webapp/panels/pacing.py): the time between two refetches of a panel, and in a crowd the jitter.
const page = document.getElementById("page-clock").dataset;
let paceMs = Number(page.pace);
let jitterMs = Number(page.jitter);

const nextAt = new WeakMap(); // panel -> earliest time of its next request
const waiting = new Set(); // panels with a timer
const asking = new Set(); // panels with a request in flight
const askAgain = new Set(); // of these, panels that changed since

export function learn({ pace, jitter = 0 }) {
  if (!pace) return;
  paceMs = pace;
  jitterMs = jitter;
}

export const isCrowd = () => jitterMs > 0;
export const batchIntervalMs = () => paceMs;
export const randomWaitMs = () => Math.random() * jitterMs;

// Lists and parts of pages have more than one pace between two refetches.
export const intervalMs = (element) => paceMs * Number(element.dataset.paceTimes ?? 1);

// A signal has an event for each of its topics. A request of the board's figures waits for all of them: for the browser's next
// task, not for a time.
const together = new Set();
const nextTask = new MessageChannel();
nextTask.port1.addEventListener("message", () => {
  for (const board of together) requestAtPace(board);
  together.clear();
});
nextTask.port1.start();

export function requestTogether(board) {
  if (!together.size) nextTask.port2.postMessage(null);
  together.add(board);
}

// Requests the panel: at once after a pause, else at its pace and not before its last answer. The last change is never lost.
export function requestAtPace(panel) {
  if (waiting.has(panel)) return;
  if (asking.has(panel)) {
    askAgain.add(panel);
    return;
  }
  const wait = (nextAt.get(panel) ?? 0) - performance.now();
  if (wait <= 0) {
    request(panel);
    return;
  }
  waiting.add(panel);
  setTimeout(() => {
    waiting.delete(panel);
    request(panel);
  }, wait);
}

function request(panel) {
  nextAt.set(panel, performance.now() + intervalMs(panel));
  htmx.trigger(panel, "refetch", {}, false);
}

document.addEventListener("htmx:before:request", ({ detail: { ctx } }) => {
  if (nextAt.has(ctx.sourceElement)) asking.add(ctx.sourceElement);
});

document.addEventListener("htmx:finally:request", ({ detail: { ctx } }) => {
  asking.delete(ctx.sourceElement);
  if (askAgain.delete(ctx.sourceElement)) requestAtPace(ctx.sourceElement);
});
