// The celebration of paid orders: one banner for some seconds. Orders that are paid meanwhile wait, and are one banner together.
import { ask, hasEnded } from "./tv_fetch.js";
import { page } from "./tv_page.js";

const SHOWN_MS = 6_000;
const PAUSE_MS = 1_000;

const party = document.getElementById("party");
let isBusy = false;
let isWaiting = false;

export async function celebrate() {
  if (!page.seen || hasEnded()) return;
  isWaiting = true;
  if (isBusy) return;
  isBusy = true;
  isWaiting = false;
  try {
    await celebrateOnce();
  } finally {
    isBusy = false;
  }
  if (isWaiting) celebrate();
}

async function celebrateOnce() {
  const response = await ask(`/paid?seen=${encodeURIComponent(page.seen)}`);
  if (!response) return;
  page.seen = response.headers.get("Doorbell-Seen") ?? page.seen;
  if (!response.text) return;
  party.innerHTML = response.text;
  party.hidden = false;
  await wait(SHOWN_MS);
  party.hidden = true;
  party.replaceChildren();
  await wait(PAUSE_MS);
}

const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
