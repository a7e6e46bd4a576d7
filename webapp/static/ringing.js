// Which tab rings for new notifications. Of the visible tabs one shows the toasts, the one with the focus first. While none is
// visible, the leading tab raises desktop notifications, and the toasts wait for the tab that is shown next.
import { announce } from "./announce.js";
import { alertOutside, wants } from "./alerts.js";
import { playSound } from "./sound.js";
import { offer } from "./offer.js";
import { onResume, state } from "./state.js";
import { claim, isLeader, onMessage, send } from "./tabs.js";
import { clear, showToasts } from "./toasts.js";

const VISIBLE_MS = 150; // the tab with the focus comes first
const HIDDEN_MS = 500; // a visible tab comes first
const CLAIM_MS = 10_000;

const bell = document.getElementById("bell");
const kept = new Map(); // id -> toast that no tab has shown yet

onMessage("shown", ({ ids }) => forget(ids));
onResume(showKept);
document.addEventListener("visibilitychange", showKept);

// `isAllRead`: another tab has read them meanwhile.
export async function ring(arrived, isAllRead) {
  if (isAllRead) {
    kept.clear();
    clear();
  }
  if (!arrived.length) return;
  for (const toast of arrived) kept.set(toast.id, toast);
  const wait = waitMs();
  if (wait === null) return;
  if (wait) await new Promise((resolve) => setTimeout(resolve, wait));
  if (!kept.has(arrived[0].id) || !(await claim(arrived[0].id, CLAIM_MS))) return;
  if (canShow()) present();
  else alertOutside(arrived);
}

const canShow = () => !document.hidden && !state.paused;

// null: this tab is not one that rings.
function waitMs() {
  if (!canShow()) return isLeader() ? HIDDEN_MS : null;
  return document.hasFocus() ? 0 : VISIBLE_MS;
}

async function showKept() {
  const [first] = kept.keys();
  if (!first || !canShow()) return;
  if (!(await claim(`${first}-return`, CLAIM_MS))) return;
  const missed = [...kept.values()];
  present();
  offer(missed);
}

function present() {
  const toasts = [...kept.values()];
  send("shown", { ids: [...kept.keys()] });
  kept.clear();
  // The open list shows them already.
  if (bell.open) return;
  showToasts(toasts.filter((toast) => toast.matches("[data-channels~=toast]")));
  announce(toasts.map(sentence).join(" "));
  if (toasts.some((toast) => wants(toast, "sound"))) playSound();
}

function forget(ids) {
  for (const id of ids) kept.delete(id);
}

function sentence(toast) {
  const parts = [...toast.querySelectorAll(".toast-label")].map((part) => part.textContent.trim());
  return `${parts.join(", ")}.`;
}
