// The newest events of the stream, for tabs that join or return: what they have missed.
const MAX_EVENTS = 200;

export class MissedEvents {
  #events = []; // {seq, name, detail}, oldest first
  #base; // the log has every event after this seq

  constructor(base) {
    this.#base = base;
  }

  add(name, detail) {
    const seq = seqOf(detail);
    if (!seq) return;
    this.#events.push({ seq, name, detail });
    if (this.#events.length > MAX_EVENTS) this.#base = this.#events.shift().seq;
  }

  // The events after `seq`, or null when the log does not reach so far.
  after(seq) {
    if (seq < this.#base) return null;
    return this.#events.filter((event) => event.seq > seq);
  }
}

// `hello` and `ping` have no place in the log: they concern the moment.
function seqOf({ data }) {
  try {
    const { seq, now } = JSON.parse(data);
    return now ? 0 : Number(seq);
  } catch {
    return 0;
  }
}
