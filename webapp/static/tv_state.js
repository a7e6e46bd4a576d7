// The page's freshness: the dot with its words, "as of", and the banner over stale figures. They are always there.
import { t } from "./texts.js";
import { page } from "./tv_page.js";

const GRACE_MS = 1_500; // an orderly reconnect takes less
const STALE_MS = 6_000; // of failed requests
const SILENT_MS = 150_000; // without any answer; there is one per minute at least

const label = document.getElementById("live-label");
const asOf = document.getElementById("as-of");
const banner = document.getElementById("banner");

export const state = {
  connected: false, // the stream is open
  away: false, // the server receives no signals
};
let failedAt = null; // of the first request that failed since the last answer
let answeredAt = performance.now();
let lostAt = answeredAt; // the stream; at first it is not open yet
let timer = null;

export const isLive = () => state.connected && !state.away;

export function set(changes) {
  if (changes.connected === false && state.connected) lostAt = performance.now();
  Object.assign(state, changes);
  show();
}

export function answered() {
  failedAt = null;
  answeredAt = performance.now();
  show();
}

export function failed() {
  failedAt ??= performance.now();
  show();
}

export function showTime(time) {
  asOf.textContent = time;
}

function isStale() {
  const now = performance.now();
  return now - answeredAt > SILENT_MS || (failedAt !== null && now - failedAt >= STALE_MS);
}

function describe() {
  const time = asOf.textContent;
  if (isStale()) return ["stale", navigator.onLine ? t("Stale since %(time)s", { time }) : t("Offline · showing %(time)s", { time })];
  if (isLive()) return ["live", t("Live")];
  if (state.connected || failedAt === null) return ["polling", t("Polling")];
  return ["reconnecting", t("Reconnecting")];
}

// Looks again by itself, because a page gets stale while nothing happens.
export function show() {
  if (page.state === "ended") return;
  clearTimeout(timer);
  timer = setTimeout(show, 1_000);
  if (!state.connected && performance.now() - lostAt < GRACE_MS) return;
  const [name, text] = describe();
  if (page.state === name && label.textContent === text) return;
  page.state = name;
  label.textContent = text;
  banner.hidden = name !== "stale";
  const advice = t("These are the last figures received.");
  banner.textContent = name === "stale" ? `${text} · ${advice}` : "";
}

// The link was revoked or replaced: no figure stays on the screen.
export function end(text) {
  clearTimeout(timer);
  page.state = "ended";
  const message = document.createElement("main");
  message.className = "tv-message";
  message.append(Object.assign(document.createElement("p"), { textContent: text }));
  document.body.replaceChildren(message);
}

for (const change of ["online", "offline"]) window.addEventListener(change, show);
