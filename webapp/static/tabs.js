// The tabs of one user in one browser. One of them leads (leadership.js): it has the stream for all. Tabs exchange messages, each
// with a kind. Without Web Locks or BroadcastChannel (an old browser, plain HTTP) each tab leads itself.
import { Leadership } from "./leadership.js";

const PROTOCOL = 1; // a tab with other messages shares nothing

const live = document.getElementById("live");
const handlers = new Map(); // kind -> functions of the message
const roles = []; // {lead, follow, lost}
let isWeak = () => false;

export const isShared = live.dataset.live !== "poll" && Boolean(navigator.locks) && "BroadcastChannel" in window;

const leadership = new Leadership(`doorbell-${PROTOCOL}-${live.dataset.user}`, {
  lead: () => call((role) => role.lead),
  follow: () => call((role) => role.follow),
  lost: () => call((role) => role.lost),
  isWeak: () => isWeak(),
  receive,
});

export const isLeader = () => !isShared || leadership.isLeading;

export function onMessage(kind, handle) {
  handlers.set(kind, [...(handlers.get(kind) ?? []), handle]);
}

// `role.lead()` and `role.follow()` are called when this tab changes its role, `role.lost()` when its leader does not answer.
export function onRole(role) {
  roles.push(role);
}

export function send(kind, message = {}) {
  if (isShared) leadership.send({ ...message, kind });
}

// `weak()`: may a visible tab take over from this one?
export function join(weak) {
  isWeak = weak;
  leadership.join();
  // A page that the browser keeps or freezes must not hold the lock.
  for (const event of ["pagehide", "freeze"]) window.addEventListener(event, leave, { capture: true });
  window.addEventListener("pageshow", ({ persisted }) => persisted && leadership.join());
  document.addEventListener("resume", () => leadership.join());
}

export const leave = () => leadership.leave();

// Returns true in one tab only, for the same `name` within `ms`.
export function claim(name, ms) {
  if (!isShared) return Promise.resolve(true);
  return new Promise((resolve) => {
    navigator.locks.request(`doorbell-${live.dataset.user}-${name}`, { ifAvailable: true }, async (lock) => {
      resolve(Boolean(lock));
      if (lock) await new Promise((release) => setTimeout(release, ms));
    });
  });
}

function call(action) {
  for (const role of roles) action(role)?.();
}

function receive(message) {
  const { kind, to, from, isLeading } = message;
  if (to && to !== leadership.id) return;
  if (isLeading && from !== leadership.leader) return; // its lock was stolen
  for (const handle of handlers.get(kind) ?? []) handle(message);
}
