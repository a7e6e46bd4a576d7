// Elects one tab as the leader: the tab that holds a Web Lock. The browser passes the lock on when the leader's page closes or
// crashes. A leader that does not answer is frozen, so another tab steals the lock.
const CHECK_MS = 500;
const MAX_UNANSWERED = 3; // checks in a row, so that one long task costs no change
const STEAL_MS = 1_000; // one tab steals at a time

export class Leadership {
  isLeading = false;
  id = `${Date.now()}-${Math.random()}`; // plain HTTP has no randomUUID
  leader = null; // id of the leader's tab
  #name;
  #on;
  #channel = null;
  #waiting = null; // aborts the pending request for the lock
  #release = null;
  #timer = null;
  #unanswered = 0;

  // `on.lead()` and `on.follow()` change the role, `on.lost()` reports a leader that does not answer, `on.receive(message)` gets
  // the messages of other tabs. `on.isWeak()`: may a visible tab take over from this one?
  constructor(name, on) {
    this.#name = name;
    this.#on = on;
  }

  join() {
    if (this.#channel) return;
    this.#unanswered = 0;
    this.#channel = new BroadcastChannel(this.#name);
    this.#channel.addEventListener("message", ({ data }) => this.#receive(data));
    this.#timer = setInterval(() => this.#check(), CHECK_MS);
    this.#request();
    this.#on.follow();
  }

  leave() {
    if (!this.#channel) return;
    clearInterval(this.#timer);
    this.#waiting?.abort();
    this.#channel.close();
    this.#channel = null;
    this.#stepDown();
    this.#on.follow(); // a page that is kept holds no stream
  }

  send(message) {
    this.#channel?.postMessage({ ...message, from: this.id, isLeading: this.isLeading, isWeak: this.#on.isWeak() });
  }

  async #request(options = {}) {
    this.#waiting?.abort();
    this.#waiting = new AbortController();
    const signal = options.steal ? {} : { signal: this.#waiting.signal };
    let wasHeld = false;
    try {
      await navigator.locks.request(this.#name, { ...signal, ...options }, () => {
        wasHeld = true;
        return this.#hold();
      });
    } catch {
      // Aborted while it waited, or another tab has stolen the lock.
      if (wasHeld) this.#stolen();
    }
  }

  #hold() {
    if (!this.#channel) return null;
    this.isLeading = true;
    this.leader = this.id;
    this.#on.lead();
    return new Promise((resolve) => (this.#release = resolve));
  }

  #stolen() {
    if (!this.isLeading) return;
    this.#stepDown();
    this.#request();
    this.#on.follow();
  }

  #stepDown() {
    this.isLeading = false;
    this.leader = null;
    this.#release?.();
    this.#release = null;
  }

  #receive(message) {
    if (message.isLeading && this.#accepts(message)) {
      this.leader = message.from;
      // A hidden leader without a stream reconnects slowly, because browsers slow down its timers.
      if (!message.isWeak || document.hidden) this.#unanswered = 0;
    }
    if (message.kind === "ask" && this.isLeading) this.send({ kind: "here" });
    else this.#on.receive(message);
  }

  // A leader whose lock was stolen may still send.
  #accepts({ kind, from }) {
    return !this.isLeading && (kind === "leads" || from === this.leader || !this.leader || this.#unanswered > 1);
  }

  // Counts checks instead of time: a tab that was asleep itself asks first.
  #check() {
    if (this.isLeading) return;
    this.#unanswered += 1;
    if (this.#unanswered === MAX_UNANSWERED) this.#on.lost();
    if (this.#unanswered >= MAX_UNANSWERED) this.#steal();
    else if (this.#unanswered > 1) this.send({ kind: "ask" });
  }

  #steal() {
    navigator.locks.request(`${this.#name}-steal`, { ifAvailable: true }, async (lock) => {
      if (!lock || this.isLeading || !this.#channel) return;
      this.#request({ steal: true });
      await new Promise((resolve) => setTimeout(resolve, STEAL_MS));
    });
  }
}
