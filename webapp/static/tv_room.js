// The room: the tenant's clock, no cursor on an idle screen, and a display that stays on.
import { page, serverNow } from "./tv_page.js";

const IDLE_MS = 3_000;

const clock = document.getElementById("clock");
const shownTime = document.createTextNode("");
const format = new Intl.DateTimeFormat(page.locale, {
  timeZone: page.zone,
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  numberingSystem: "latn",
});
let idle = null;

export function begin() {
  clock.append(shownTime);
  tick();
  rest();
  for (const event of ["mousemove", "mousedown", "keydown", "touchstart"]) document.addEventListener(event, rest, { passive: true });
  stayOn();
  document.addEventListener("visibilitychange", stayOn);
}

// At each whole second of the server's clock.
function tick() {
  const now = serverNow();
  shownTime.data = format.format(now);
  setTimeout(tick, 1_000 - (now % 1_000) + 5);
}

function rest() {
  document.body.classList.remove("is-idle");
  clearTimeout(idle);
  idle = setTimeout(() => document.body.classList.add("is-idle"), IDLE_MS);
}

// Browsers without a wake lock, and pages over plain HTTP, go on without.
async function stayOn() {
  if (document.hidden) return;
  try {
    await navigator.wakeLock?.request("screen");
  } catch {
    // The display follows its own settings.
  }
}
