// Offers desktop notifications and the sound: on return to Doorbell, after a notification that arrived while no tab was visible.
// The answer is remembered in this browser, per user.
import { canDesktop, wants } from "./alerts.js";
import { post } from "./menus.js";
import { t } from "./texts.js";

const toasts = document.getElementById("toasts");
const KEY = `doorbell-offer-${document.getElementById("live").dataset.user}`;

export function offer(missed) {
  if (!canDesktop() || Notification.permission === "denied" || isAnswered()) return;
  if (missed.some((toast) => wants(toast, "desktop")) || document.querySelector(".offer")) return;
  const card = document.getElementById("offer").content.cloneNode(true).firstElementChild;
  card.querySelector(".offer-on").addEventListener("click", () => turnOn(card));
  card.querySelector(".offer-later").addEventListener("click", () => answer(card));
  toasts.append(card);
}

async function turnOn(card) {
  const permission = await Notification.requestPermission();
  const isOn = permission === "granted" && (await post(toasts.dataset.background));
  answer(card, isOn ? "" : t("Your browser does not allow it. You can change this in the notification settings."));
}

// Without a text the card leaves.
function answer(card, text = "") {
  remember();
  if (!text) {
    card.remove();
    return;
  }
  card.querySelector(".offer-text").textContent = text;
  card.querySelector(".offer-on").remove();
  card.querySelector(".offer-later").textContent = t("Close");
}

function isAnswered() {
  try {
    return localStorage.getItem(KEY) !== null;
  } catch {
    return true; // it could not be remembered
  }
}

function remember() {
  try {
    localStorage.setItem(KEY, "1");
  } catch {
    // The next page offers it again.
  }
}
