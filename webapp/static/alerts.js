// Notifications outside of the page, while no tab of Doorbell is visible: desktop notifications and the sound.
import { playSound } from "./sound.js";

export const canDesktop = () => "Notification" in window && window.isSecureContext;
export const mayDesktop = () => canDesktop() && Notification.permission === "granted";
// The channels that the user wants for it now: toast, sound, desktop.
export const wants = (toast, channel) => toast.matches(`[data-channels~=${channel}]`);

export function alertOutside(toasts) {
  if (toasts.some((toast) => wants(toast, "sound"))) playSound();
  if (!mayDesktop()) return;
  for (const toast of toasts) if (wants(toast, "desktop")) notify(toast.dataset);
}

async function notify({ title, body, tag, href }) {
  const { dir, lang } = document.documentElement;
  const options = { body, tag, dir, lang, data: { href }, icon: document.querySelector("link[rel=icon]").href };
  try {
    const shown = new Notification(title, options);
    shown.addEventListener("click", () => openPage(shown, href));
  } catch {
    // On Android only a service worker may show one; it opens the page too.
    const worker = await navigator.serviceWorker?.getRegistration();
    await worker?.showNotification(title, options);
  }
}

function openPage(shown, href) {
  shown.close();
  window.focus();
  location.assign(href);
}
