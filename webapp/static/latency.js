// The time from a change in the database to the response that shows it, by the server's clock.
const changedAt = new WeakMap(); // panel -> its oldest unrequested change
let offsetMs = 0; // this clock minus the server's
let fastestMs = Infinity; // of the round trips so far

export function noteChange(panel, at) {
  if (at && !changedAt.has(panel)) changedAt.set(panel, at);
}

// Returns the time of the oldest change that a request for `panels` shows, or null. Later changes belong to the next request.
export function takeOldestChange(panels) {
  let oldest = null;
  for (const panel of panels) {
    const at = changedAt.get(panel);
    if (at && (oldest === null || at < oldest)) oldest = at;
    changedAt.delete(panel);
  }
  return oldest;
}

// `now` is the server's clock in a response. It is taken as the middle of the round trip, so the fastest trip is the most exact.
export function measureOffset(now, sentAt, receivedAt) {
  const tripMs = receivedAt - sentAt;
  if (!now || tripMs >= fastestMs) return;
  fastestMs = tripMs;
  offsetMs = sentAt + tripMs / 2 - now;
}

export const latencyMs = (at) => Date.now() - offsetMs - at;
