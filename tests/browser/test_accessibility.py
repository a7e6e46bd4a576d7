"""Accessibility of every page after live updates: axe, the tree for screen readers, and no overflow.

Each page is open in a tab of its role's browser; one set of changes reaches all of them. tests/support/every_page.py finds the
pages.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psycopg
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from webapp import create_app
from webapp.launcher.embedded import Embedded
from webapp.redis_client import connect as connect_redis
from webapp.relay.worker import RelayWorker

from ..conftest import config_for, new_service
from ..support.every_page import ADMIN, EXAMPLES, NOT_PAGES, SIGNED_OUT, Company, SitePage, company, pages
from ..support.processes import Doorbell
from ..support.relay import Relay
from ..support.screen_reader import faults
from ..support.world import World
from .conftest import TIMEOUT_MS

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

AXE = (Path(__file__).parent.parent / "vendor" / "axe.min.js").read_text()
LOOKS = {"light": ("light", 1440), "dark": ("dark", 1440), "phone": ("light", 375)}
ENGLISH, ARABIC = "en-GB", "ar"
UPDATE_MS = 60_000  # many tabs refetch at once
# A TV shows one of its screens at a time.
SHOW_ALL_SCREENS = "document.querySelectorAll('.tv-screen').forEach((screen) => (screen.style.visibility = 'visible'))"


def violations(page: Page) -> list[str]:
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(AXE)
    found: dict[str, Any] = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [f"{v['id']}: {node['html'][:120]}" for v in found["violations"] for node in v["nodes"]]


def overflow(page: Page) -> int:
    """Pixels by which the page is wider than its window."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


class Site:
    """Every page, each in a tab, in the browser's language."""

    def __init__(self, doorbell: Doorbell, world: World, company: Company, pages: list[SitePage]) -> None:
        self.doorbell, self.world, self.company, self.pages = doorbell, world, company, pages
        self._changes = 0

    def open(self, browser: Browser, locale: str) -> tuple[list[BrowserContext], dict[SitePage, Page]]:
        contexts = {role: self._browser(browser, role, locale) for role in {page.role for page in self.pages}}
        tabs = {page: contexts[page.role].new_page() for page in self.pages}
        for page, tab in tabs.items():
            tab.goto(self.doorbell.url + page.path)
            assert tab.locator("main").count(), f"{page.path} is not a page: name its route in NOT_PAGES"
        self._change({page: tab for page, tab in tabs.items() if tab.locator("#bell").count()})
        return list(contexts.values()), tabs

    def _browser(self, browser: Browser, role: str, locale: str) -> BrowserContext:
        context = browser.new_context(viewport={"width": 1440, "height": 1000}, locale=locale, reduced_motion="reduce")
        context.set_default_timeout(TIMEOUT_MS)
        if role != SIGNED_OUT:
            name, _, value = self.doorbell.cookie(self.company.users[role]).partition("=")
            context.add_cookies([{"name": name, "value": value, "url": self.doorbell.url}])
        return context

    def _change(self, tabs: dict[SitePage, Page]) -> None:
        """An order of each user changes. Its notification is the last live update of a page."""
        self._changes += 1
        number = f"LIVE-{self._changes}"
        before = {page: tab.locator("#unread").text_content() for page, tab in tabs.items()}
        for tab in tabs.values():
            expect(tab.locator("#live-state")).to_have_attribute("data-state", "live", timeout=UPDATE_MS)
        for user in self.company.users.values():
            order = self.world.order(self.company.tenant, 123_456_789, number=f"{number}-{user}", owner_id=user)
            self.world.change(order, paid_at=self.world.now())
        self.world.conn.execute("UPDATE orders SET shipped_at = now() WHERE number = 'S1'")
        for page, tab in tabs.items():
            expect(tab.locator("#unread")).not_to_have_text(before[page] or "", timeout=UPDATE_MS)


@pytest.fixture(scope="module")
def site(embedded: Embedded, template: str) -> Iterator[Site]:
    with ExitStack() as stack:
        service = stack.enter_context(new_service(embedded, template))
        conn = stack.enter_context(psycopg.connect(service.database_url, autocommit=True, application_name="psql"))
        config = config_for(service, WEBHOOK_ALLOW="127.0.0.0/8")
        worker = RelayWorker(config)
        stack.callback(worker.close)
        world = World(conn)
        app = create_app(config)
        client = stack.enter_context(connect_redis(service.redis_url))
        made = company(app, service, world, client, Relay(conn, config, worker))
        doorbell = Doorbell(service)
        stack.callback(doorbell.close)
        doorbell.start()
        yield Site(doorbell, world, made, pages(app, made))
        with app.app_context():
            app.extensions["sqlalchemy"].engine.dispose()


@pytest.fixture(scope="module")
def tabs(site: Site, chromium: Browser, request: pytest.FixtureRequest) -> Iterator[dict[SitePage, Page]]:
    """Every page in the language of the parameter. The tabs of one language are closed before those of the next open."""
    contexts, tabs = site.open(chromium, request.param)
    yield tabs
    for context in contexts:
        context.close()


def check(tabs: dict[SitePage, Page], scheme: str, width: int) -> None:
    found = []
    for page, tab in tabs.items():
        tab.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        tab.set_viewport_size({"width": width, "height": 1000})
        if tab.locator("html[data-bs-theme]").count():
            expect(tab.locator("html")).to_have_attribute("data-bs-theme", scheme)
        found += [f"{page.path} as {page.role}: {fault}" for fault in violations(tab)]
        if overflow(tab):
            found.append(f"{page.path} as {page.role}: {overflow(tab)} px wider than its window")
    assert found == []


@pytest.mark.parametrize("tabs", [ENGLISH], indirect=True)
@pytest.mark.parametrize("look", LOOKS)
def test_no_page_has_a_violation_after_live_updates(tabs: dict[SitePage, Page], look: str) -> None:
    check(tabs, *LOOKS[look])


@pytest.mark.parametrize("tabs", [ARABIC], indirect=True)
@pytest.mark.parametrize("look", ["light", "phone"])
def test_no_page_has_a_violation_from_right_to_left(tabs: dict[SitePage, Page], look: str) -> None:
    # A TV has the language of its company.
    for page, tab in tabs.items():
        is_tv = page.path.startswith("/tv/") or page.path.endswith("/preview")
        expect(tab.locator("html")).to_have_attribute("dir", "ltr" if is_tv else "rtl")
    check(tabs, *LOOKS[look])


@pytest.mark.parametrize("tabs", [ENGLISH], indirect=True)
@pytest.mark.parametrize("look", ["light", "phone"])
def test_a_screen_reader_gets_names_headers_and_one_status_on_every_page(tabs: dict[SitePage, Page], look: str) -> None:
    found = []
    for page, tab in tabs.items():
        tab.set_viewport_size({"width": LOOKS[look][1], "height": 1000})
        tab.evaluate(SHOW_ALL_SCREENS)
        found += [
            f"{page.path} as {page.role}: {fault}" for fault in faults(tab, is_live=tab.locator("#bell").count() > 0)
        ]
    assert found == []


def test_each_route_is_a_page_here_or_known_not_to_be_one(site: Site) -> None:
    app = create_app(config_for(site.doorbell.service))
    endpoints = {rule.endpoint for rule in app.url_map.iter_rules()}
    assert endpoints >= NOT_PAGES | EXAMPLES.keys(), "no entry without a route"
    paths = {page.path for page in site.pages if page.role == ADMIN}
    assert {
        "/",
        "/orders",
        "/orders/S1",
        "/orders/new",
        "/inbox",
        "/targets",
        "/relay/stream",
        "/no-such-page",
    } <= paths
