// Loads the page again without a gap: only once the server has answered, so that a TV never ends on a browser's error page.
import { page, serverNow } from "./tv_page.js";

const RETRY_MS = 15_000;
const CHECK_MS = 20_000;
const MIN_AGE_MS = 10_000; // so that two versions that run at the same time do not reload the page in turn
const DAY_MINUTES = 24 * 60;

const loadedAt = performance.now();
let isReloading = false;

// For a page that is no longer the right one.
export function reloadSoon() {
  if (!isReloading) setTimeout(reload, Math.max(0, loadedAt + MIN_AGE_MS - performance.now()));
}

export async function reload() {
  if (isReloading) return;
  isReloading = true;
  if (await answers()) location.reload();
  else setTimeout(again, RETRY_MS);
}

function again() {
  isReloading = false;
  reload();
}

async function answers() {
  try {
    const response = await fetch(location.href, { cache: "no-store", redirect: "manual" });
    return response.ok;
  } catch {
    return false;
  }
}

// Once per night at the minute that the server chose for this TV, by the tenant's clock.
export function reloadAtNight() {
  const due = Date.now() + minutesUntilNight() * 60_000;
  const timer = setInterval(() => {
    if (Date.now() < due) return;
    clearInterval(timer);
    reload();
  }, CHECK_MS);
}

function minutesUntilNight() {
  const left = (Number(page.night) - minuteNow() + DAY_MINUTES) % DAY_MINUTES;
  return left || DAY_MINUTES; // a page that was loaded at that minute
}

function minuteNow() {
  const parts = { timeZone: page.zone, hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
  const [hour, minute] = new Intl.DateTimeFormat("en-GB", parts).format(serverNow()).split(":").map(Number);
  return hour * 60 + minute;
}
