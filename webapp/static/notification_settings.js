// The notification settings of this browser: the test of the sound, the permission for desktop notifications, Web Push.
import { canDesktop } from "./alerts.js";
import { canPush, isSubscribed, subscribe, unsubscribe } from "./push.js";
import { playSound } from "./sound.js";
import { t } from "./texts.js";

const sound = document.querySelector("[data-sound-test]");
const permission = document.querySelector("[data-desktop-permission]");
const permissionState = document.querySelector("[data-desktop-state]");
const toggle = document.querySelector("[data-push-toggle]");
const pushState = document.querySelector("[data-push-state]");

const PERMISSIONS = {
  granted: t("Allowed in this browser."),
  denied: t("Blocked. Allow notifications for this site in your browser's settings."),
  default: "",
};

function showPermission() {
  if (!canDesktop()) {
    permissionState.textContent = t("Not available: your browser needs HTTPS for it.");
    return;
  }
  permission.hidden = Notification.permission !== "default";
  permissionState.textContent = PERMISSIONS[Notification.permission];
}

async function showPush(text = "") {
  const isOn = await isSubscribed();
  toggle.hidden = false;
  toggle.textContent = isOn ? t("Turn off in this browser") : t("Turn on in this browser");
  pushState.textContent = text || (isOn ? t("On in this browser.") : "");
}

async function change() {
  toggle.disabled = true;
  const problem = (await isSubscribed()) ? await unsubscribe(toggle.dataset) : await subscribe(toggle.dataset);
  toggle.disabled = false;
  showPermission();
  await showPush(problem);
}

sound.hidden = !("AudioContext" in window);
sound.addEventListener("click", playSound);
permission.addEventListener("click", async () => {
  await Notification.requestPermission();
  showPermission();
});
showPermission();
if (toggle && canPush()) {
  toggle.addEventListener("click", change);
  showPush();
} else if (toggle) {
  pushState.textContent = t("Not available in this browser.");
}
