// Refetches panels that change with the clock ("at this time yesterday", the current hour, the date): each minute of the server's clock
// while the page is visible, and all panels at the tenant's midnight, as after a signal. Renders are shared: all pages fetch within the same two
// seconds, and the server keeps a minute's render.
import { changed } from "./batch_refetch.js";
import { recentlyDisconnected, state } from "./state.js";

const MINUTE_MS = 60_000;
const AFTER_MS = 250; // margin for the clocks' inexact offset
const JITTER_MS = 2_000; // pages do not fetch at once

const page = document.getElementById("page-clock").dataset;
const live = document.getElementById("live");
let offset = 0; // this clock minus the server's
let day = page.day;
let minute = Math.floor(Number(page.now) / MINUTE_MS); // shown by the page

export const serverNow = () => Date.now() - offset;

for (const event of ["hello", "ping"]) live.addEventListener(event, (message) => setClock(message.detail?.data));
setInterval(check, 1_000);
document.addEventListener("visibilitychange", check);

function setClock(text) {
  try {
    const now = Number(JSON.parse(text).now);
    if (now > 0) offset = Date.now() - now;
  } catch {
    // The next one sets it.
  }
}

function check() {
  const now = Math.floor(serverNow() / MINUTE_MS);
  if (now === minute || document.hidden || state.signedOut || recentlyDisconnected()) return;
  minute = now;
  setTimeout(renew, AFTER_MS + Math.random() * JITTER_MS);
}

function renew() {
  if (document.hidden) {
    minute = null; // `check` renews it once visible
    return;
  }
  const today = dayNow();
  const isNewDay = today !== day;
  day = today;
  if (isNewDay) changed("day", {});
  changed("minute", {});
}

// The date in the tenant's zone. For a zone that this browser does not support, the server's `day` signal has to do.
function dayNow() {
  try {
    return new Intl.DateTimeFormat("en-CA", { timeZone: page.zone, dateStyle: "short" }).format(serverNow());
  } catch {
    return day;
  }
}
