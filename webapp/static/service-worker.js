// Shows pushed notifications while no window of Doorbell is visible, and a page of words without a connection. A click on a
// notification opens its page. It keeps the files of that page and nothing else: never a figure, never a page with data.
const KEPT = "doorbell-offline";
const OFFLINE = "/offline";
// Their addresses are fixed, so this list needs no build.
const FILES = ["/static/offline.css", "/static/offline.js", "/static/theme.js", "/static/icon.svg"];

self.addEventListener("install", (event) => event.waitUntil(install(event)));
self.addEventListener("activate", (event) => event.waitUntil(activate()));
self.addEventListener("message", ({ data }) => keepPage(`${OFFLINE}?lang=${encodeURIComponent(data.language)}`));
self.addEventListener("fetch", (event) => {
  // A sent form is left to the browser.
  if (event.request.mode === "navigate" && event.request.method === "GET") event.respondWith(open(event));
  else if (FILES.includes(new URL(event.request.url).pathname)) event.respondWith(fetchOrKept(event.request));
});
self.addEventListener("push", (event) => event.waitUntil(show(event.data)));
self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(openPage(event.notification.data?.href ?? "/"));
});

async function install(event) {
  self.skipWaiting();
  // Panels, scripts and the stream go to the network without waking this script, where the browser can.
  try {
    const others = { not: { or: [{ requestMode: "navigate" }, ...FILES.map((pathname) => ({ urlPattern: { pathname } }))] } };
    await event.addRoutes?.({ condition: others, source: "network" });
  } catch {
    // Without routes the requests pass through `fetch` above.
  }
  // Pushes arrive also when nothing could be kept.
  try {
    const kept = await caches.open(KEPT);
    await Promise.all([kept.addAll(FILES.map((url) => new Request(url, { cache: "reload" }))), keepPage(OFFLINE, true)]);
  } catch {
    // The next version, or the next page, tries again.
  }
}

async function activate() {
  // The request for a page need not wait until this script runs.
  await self.registration.navigationPreload?.enable();
  await self.clients.claim();
}

// Keeps the page of one language. Its address names the language; one page at a time is kept.
async function keepPage(url, isNew = false) {
  const kept = await caches.open(KEPT);
  if (!isNew && (await kept.match(url))) return;
  const page = await fetch(url, { cache: "reload" });
  if (!page.ok) return;
  await kept.delete(OFFLINE, { ignoreSearch: true });
  await kept.put(url, page);
}

async function open(event) {
  try {
    return (await event.preloadResponse) ?? (await fetch(event.request));
  } catch (error) {
    const page = await caches.match(OFFLINE, { cacheName: KEPT, ignoreSearch: true });
    if (page) return page;
    throw error;
  }
}

async function fetchOrKept(request) {
  try {
    return await fetch(request);
  } catch (error) {
    const file = await caches.match(request, { cacheName: KEPT, ignoreSearch: true });
    if (file) return file;
    throw error;
  }
}

const windows = () => self.clients.matchAll({ type: "window", includeUncontrolled: true });

async function show(data) {
  const found = await windows();
  if (found.some(({ visibilityState }) => visibilityState !== "hidden")) return;
  const { title = "Doorbell", body = "", tag, href = "/inbox" } = data?.json() ?? {};
  const icons = { icon: "/static/icons/icon-192.png", badge: "/static/icons/badge-96.png" };
  // A hidden tab shows the same notification under the same tag.
  await self.registration.showNotification(title, { body, tag, data: { href }, ...icons });
}

// Only paths of this site are opened. A window of Doorbell that is there comes to the front.
async function openPage(href) {
  const { origin, pathname, search } = new URL(href, self.location.origin);
  const url = origin === self.location.origin ? pathname + search : "/";
  const [first] = await windows();
  try {
    const focused = await first.focus();
    await focused.navigate(url);
  } catch {
    // No window is open, or it was opened before the service worker.
    await self.clients.openWindow(url);
  }
}
