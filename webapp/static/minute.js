// What moves with the clock although nothing changed ("at this time yesterday", the hour that is running, the date) is renewed
// each minute of the server's clock while the page is visible, and all of it at the tenant's midnight. Renders are shared: all
// pages ask in the same two seconds, and the server keeps what it rendered in this minute.
import { apply, gather, refetchTogether } from "./refetch.js";
import { lostForAMoment, state } from "./state.js";

const MINUTE_MS = 60_000;
const AFTER_MS = 250; // a clock that is compared over a network is not exact, and the old minute must be over
const SPREAD_MS = 2_000; // a thousand pages do not ask in one instant

const page = document.getElementById("page-clock").dataset;
const live = document.getElementById("live");
let offset = 0; // this clock less the server's
let day = page.day;
let minute = Math.floor(Number(page.now) / MINUTE_MS); // that the page shows

export const serverNow = () => Date.now() - offset;

for (const event of ["hello", "beat"]) live.addEventListener(event, (message) => setClock(message.detail?.data));
setInterval(look, 1_000);
document.addEventListener("visibilitychange", look);

function setClock(text) {
  try {
    const now = Number(JSON.parse(text).now);
    if (now > 0) offset = Date.now() - now;
  } catch {
    return; // the next one will do
  }
}

function look() {
  const now = Math.floor(serverNow() / MINUTE_MS);
  if (now === minute || document.hidden || state.signedOut || lostForAMoment()) return;
  minute = now;
  setTimeout(renew, AFTER_MS + Math.random() * SPREAD_MS);
}

function renew() {
  if (document.hidden) return void (minute = null); // renewed when it is looked at again
  const today = dayNow();
  const turned = today !== day;
  day = today;
  const panels = gather(() => {
    if (turned) apply("day", {});
    apply("minute", {});
  });
  refetchTogether(panels);
}

// The date in the tenant's zone. A zone that this browser does not know is left to the server, which signals the day's turn.
function dayNow() {
  try {
    return new Intl.DateTimeFormat("en-CA", { timeZone: page.zone, dateStyle: "short" }).format(serverNow());
  } catch {
    return day;
  }
}
