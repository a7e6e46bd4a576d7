// Web Push in this browser: its subscription, which the server needs again for each new session.
import { post } from "./menus.js";
import { onRole } from "./tabs.js";
import { t } from "./texts.js";

const WORKER = "/service-worker.js";
const KEY = `doorbell-push-${document.getElementById("live").dataset.user}`;

const RENEWED = `${KEY}-renewed`;
const RENEW_MS = 3_600_000;

export const canPush = () => Boolean(navigator.serviceWorker) && "PushManager" in window;

async function subscription() {
  const registration = await navigator.serviceWorker.getRegistration(WORKER);
  return registration ? registration.pushManager.getSubscription() : null;
}

export const isSubscribed = async () => Boolean(stored() && (await subscription()));

// Returns the problem as a sentence, or "". `urls` has the addresses `key`, `subscribe` and `unsubscribe`.
export async function subscribe(urls) {
  if ((await Notification.requestPermission()) !== "granted") return t("Your browser does not allow notifications of this site.");
  try {
    const key = await fetch(urls.key);
    if (!key.ok) return t("This server cannot send push notifications now.");
    await navigator.serviceWorker.register(WORKER);
    const { pushManager } = await navigator.serviceWorker.ready;
    const options = { userVisibleOnly: true, applicationServerKey: await key.text() };
    if (!(await sendTo(urls.subscribe, await pushManager.subscribe(options)))) return t("Not turned on. Try again.");
  } catch {
    return t("Your browser's push service does not answer. Try again later.");
  }
  store(urls.subscribe);
  return "";
}

export async function unsubscribe(urls) {
  const found = await subscription();
  store(null);
  const isDone = await sendTo(urls.unsubscribe, found);
  await found.unsubscribe();
  return isDone ? "" : t("Turned off in this browser.");
}

const sendTo = (url, found) => post(url, { headers: { "Content-Type": "application/json" }, body: JSON.stringify(found) });

// The server ends a subscription with the session of its user, so a page renews it: at once after a sign-out, else each hour.
async function renew() {
  const url = stored();
  if (!url || !canPush() || Date.now() - Number(stored(RENEWED)) < RENEW_MS) return;
  const found = await subscription();
  if (found && (await sendTo(url, found))) store(String(Date.now()), RENEWED);
}

onRole({ lead: renew });
document.addEventListener("submit", ({ target }) => {
  if (target.action.endsWith("/sign-out")) store(null, RENEWED);
});

function stored(key = KEY) {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

function store(text, key = KEY) {
  try {
    if (text) localStorage.setItem(key, text);
    else localStorage.removeItem(key);
  } catch {
    // Without storage this session's subscription is not renewed.
  }
}
