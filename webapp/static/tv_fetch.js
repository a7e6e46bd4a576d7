// A request of the TV, below its own address. Each answer says whether the page itself is still the right one.
import { page, setServerClock } from "./tv_page.js";
import { reload, reloadSoon } from "./tv_reload.js";
import { end } from "./tv_state.js";

const TIMEOUT_MS = 10_000;
const GONE = new Set([404, 410]);
const ENDED_MS = 60_000; // between two looks for a link that is valid again

// Returns the response, or null for one that failed. An ended link shows its sentence, and asks rarely.
export async function ask(path, headers = {}) {
  const aborter = new AbortController();
  const timer = setTimeout(() => aborter.abort(), TIMEOUT_MS);
  try {
    const response = await fetch(page.address + path, { headers, signal: aborter.signal, cache: "no-store", redirect: "manual" });
    if (GONE.has(response.status)) stop(await response.text());
    if (response.status !== 200 && response.status !== 304) return null;
    setServerClock(Number(response.headers.get("Doorbell-Now")));
    const version = response.headers.get("Doorbell-TV");
    if (version && version !== page.version) reloadSoon();
    return { status: response.status, headers: response.headers, text: response.status === 200 ? await response.text() : "" };
  } catch {
    return null;
  } finally {
    clearTimeout(timer);
  }
}

export const hasEnded = () => page.state === "ended";

function stop(text) {
  if (hasEnded()) return;
  end(text);
  setInterval(reload, ENDED_MS);
}
