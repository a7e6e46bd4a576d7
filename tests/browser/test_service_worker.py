"""The service worker: it shows a push unless a window of Doorbell is visible."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import BrowserContext, CDPSession, Page

from webapp.server.security_headers import CONTENT_SECURITY_POLICY

from ..support.processes import Doorbell
from ..support.wait import eventually
from .conftest import OpenTabs

pytestmark = pytest.mark.browser

REGISTER = (
    "navigator.serviceWorker.register('/service-worker.js').then(() => navigator.serviceWorker.ready).then(() => 0)"
)
SHOWN = """async () => (await (await navigator.serviceWorker.getRegistration()).getNotifications())
    .map(({ title, body, tag, data }) => [title, body, tag, data.href])"""

# A push is handled once the promise that its event waits for has settled.
COUNT_PUSHES = """() => {
  self.handledPushes = 0;
  const { waitUntil } = ExtendableEvent.prototype;
  ExtendableEvent.prototype.waitUntil = function (promise) {
    waitUntil.call(this, promise);
    if (this.type === "push") promise.finally(() => (self.handledPushes += 1));
  };
}"""
WINDOWS = "async () => (await self.clients.matchAll({ type: 'window', includeUncontrolled: true })).length"


class Browser:
    """Delivers pushes to the service worker, as the browser does when its push service has one."""

    def __init__(self, session: CDPSession, origin: str) -> None:
        self._session, self._origin = session, origin
        self._found: list[str] = []
        session.on("ServiceWorker.workerRegistrationUpdated", self._note)
        session.send("ServiceWorker.enable")

    def push(self, **payload: str) -> None:
        (registration,) = eventually(
            lambda: self._session.send("Runtime.evaluate", {"expression": "0"}) and self._found
        )
        where = {"origin": self._origin, "registrationId": registration}
        self._session.send("ServiceWorker.deliverPushMessage", {**where, "data": json.dumps(payload)})

    def _note(self, event: dict[str, list[dict[str, str]]]) -> None:
        self._found = [found["registrationId"] for found in event["registrations"] if self._origin in found["scopeURL"]]


def shown(page: Page) -> list[list[str]]:
    found: list[list[str]] = page.evaluate(SHOWN)
    return found


def test_a_push_is_shown_only_while_no_window_of_doorbell_is_visible(
    context: BrowserContext, open_tabs: OpenTabs, doorbell: Doorbell
) -> None:
    context.grant_permissions(["notifications"], origin=doorbell.url)
    (tab,) = open_tabs(1)
    tab.read(REGISTER)
    elsewhere = context.new_page()
    browser = Browser(context.new_cdp_session(elsewhere), doorbell.url)
    worker = eventually(lambda: elsewhere.evaluate("0") == 0 and context.service_workers)[0]
    worker.evaluate(COUNT_PUSHES)
    browser.push(title="Order 1 was paid", body="", tag="note-1", href="/orders/1")
    eventually(lambda: worker.evaluate("self.handledPushes") == 1)
    tab.page.goto("about:blank")
    eventually(lambda: worker.evaluate(WINDOWS) == 0)
    browser.push(title="Order 2 was paid", body="€12.00 · Chevalier", tag="note-2", href="/orders/2")
    browser.push(title="Order 2 was paid", body="€12.00 · Chevalier", tag="note-2", href="/orders/2")
    eventually(lambda: worker.evaluate("self.handledPushes") == 3)
    tab.open()
    assert shown(tab.page) == [["Order 2 was paid", "€12.00 · Chevalier", "note-2", "/orders/2"]]


def test_the_service_worker_has_the_scope_of_the_whole_site_and_the_strict_policy(
    context: BrowserContext, doorbell: Doorbell
) -> None:
    answer = context.request.get(doorbell.url + "/service-worker.js")
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    assert "worker-src 'self'" in CONTENT_SECURITY_POLICY
