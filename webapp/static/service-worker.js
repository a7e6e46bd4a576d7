// Shows pushed notifications while no window of Doorbell is visible. A click on a notification opens its page. It caches nothing.
self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("push", (event) => event.waitUntil(show(event.data)));
self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(openPage(event.notification.data?.href ?? "/"));
});

const windows = () => self.clients.matchAll({ type: "window", includeUncontrolled: true });

async function show(data) {
  const found = await windows();
  if (found.some(({ visibilityState }) => visibilityState !== "hidden")) return;
  const { title = "Doorbell", body = "", tag, href = "/inbox" } = data?.json() ?? {};
  // A hidden tab shows the same notification under the same tag.
  await self.registration.showNotification(title, { body, tag, data: { href } });
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
