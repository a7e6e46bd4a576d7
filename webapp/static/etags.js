// The ETags of the panels shown. A request sends them, so that the server does not send unchanged panels again.
const PANELS = "Doorbell-Panels"; // a batch's panels with their ETags
const shown = new WeakMap(); // panel -> ETag

export function remember(panel, etag) {
  if (etag) shown.set(panel, etag);
  else shown.delete(panel);
}

export function headersOfOne(panel) {
  const etag = shown.get(panel);
  return etag ? { "If-None-Match": etag } : {};
}

export function headersOfBatch(panels) {
  const known = panels.filter((panel) => shown.has(panel));
  return { [PANELS]: known.map((panel) => `${panel.id}=${shown.get(panel)}`).join(", ") };
}

// Returns panel id -> ETag, for each panel that the response to a batch has.
export function etagsOfBatch(responseHeaders) {
  const listed = (responseHeaders.get(PANELS) ?? "").matchAll(/(\w+)=("[^"]*")/g);
  return new Map(Array.from(listed, ([, name, etag]) => [name, etag]));
}
