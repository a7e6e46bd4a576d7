// Repeats what failed: after a random wait that doubles with each failure, and at most one repetition at a time.

// Half of a wait is random ("equal jitter"), so that many pages do not return to a server at the same moment.
export function waitMs(failures, [firstMs, longestMs]) {
  const wait = Math.min(firstMs * 2 ** failures, longestMs);
  return wait * (0.5 + 0.5 * Math.random());
}

export class Retry {
  #attempt;
  #bounds;
  #failures = 0;
  #timer = null;

  // `bounds` are the first and the longest wait in ms.
  constructor(attempt, bounds) {
    this.#attempt = attempt;
    this.#bounds = bounds;
  }

  // Call it after a failure. While an attempt is scheduled, further calls do nothing.
  schedule() {
    if (this.#timer) return;
    this.#timer = setTimeout(() => this.#run(), waitMs(this.#failures, this.#bounds));
    this.#failures += 1;
  }

  // Call it after a success: the next wait is the first one again.
  reset() {
    this.#failures = 0;
  }

  #run() {
    this.#timer = null;
    this.#attempt();
  }
}
