// The requests of panels: their headers, and the effects of their responses. A request is for one panel, for a part of one, or for
// a batch of panels, which `ctx.panels` has. A request of the board itself is for all its figures.
import { etagsOfBatch, headersOfBatch, headersOfOne, remember } from "./etags.js";
import { latencyMs, measureOffset, takeOldestChange } from "./latency.js";
import { markFailed, markFresh } from "./staleness.js";
import { isLive, set, showLatency, signedOut } from "./state.js";

// One request for all of them; the response has a part for each panel that changed.
export async function refetchTogether(panels) {
  if (!panels.length) return;
  const names = panels.map((panel) => panel.id);
  const source = document.getElementById("board");
  await htmx.ajax("GET", `/panels?names=${names}`, { source, target: source, swap: "none", panels });
}

const isPanel = (element) => Boolean(element.dataset?.topics);

document.addEventListener("htmx:config:request", ({ detail: { ctx } }) => {
  const { sourceElement, request } = ctx;
  if (sourceElement.id === "board") ctx.panels ??= [...sourceElement.querySelectorAll("[data-figure]")];
  const { panels } = ctx;
  if (panels) {
    ctx.changedAt = takeOldestChange(panels);
    Object.assign(request.headers, headersOfBatch(panels));
  } else if (isPanel(sourceElement)) {
    ctx.changedAt = takeOldestChange([sourceElement]) ?? ctx.changedAt;
    Object.assign(request.headers, headersOfOne(sourceElement));
  }
});

document.addEventListener("htmx:before:request", ({ detail: { ctx } }) => {
  ctx.sentAt = Date.now();
});

document.addEventListener("htmx:after:request", ({ detail: { ctx } }) => {
  measureOffset(Number(ctx.response.headers.get("Doorbell-Now")), ctx.sentAt, Date.now());
});

document.addEventListener("htmx:finally:request", ({ detail: { ctx } }) => {
  const status = ctx.response?.status;
  if (signedOut(status)) return;
  if (status === 200 || status === 304) answered(ctx);
  else if (!status || status >= 500) failed(ctx);
});

function answered(ctx) {
  if (!isLive() && isPanel(ctx.sourceElement)) set({ polled: true });
  if (ctx.panels) answeredBatch(ctx);
  else answeredOne(ctx);
  if (ctx.changedAt) showLatency(latencyMs(ctx.changedAt));
}

// A panel that the response does not name has failed.
function answeredBatch({ panels, response }) {
  const etags = etagsOfBatch(response.headers);
  for (const panel of panels) {
    const frame = frameOf(panel);
    const etag = etags.get(panel.id);
    if (etag) {
      remember(panel, etag);
      markFresh(frame, asOf(response));
    } else {
      markFailed(frame);
    }
  }
}

function answeredOne({ sourceElement, response }) {
  const frame = frameOf(sourceElement);
  if (!frame) return;
  if (isPanel(sourceElement)) remember(sourceElement, response.headers.get("ETag"));
  markFresh(frame, asOf(response));
}

function failed({ panels, sourceElement, request }) {
  const { aborted, reason } = request.signal;
  if (aborted && reason !== "timeout") return; // the user leaves the page
  for (const element of panels ?? [sourceElement]) {
    const frame = frameOf(element);
    if (frame) markFailed(frame);
  }
}

const frameOf = (element) => element.closest?.("[data-frame]");
const asOf = (response) => decodeURIComponent(response.headers.get("Doorbell-As-Of") ?? "");
