"""A real Chromium with real processes: web and listener, and one database per test."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from ..support import page_clock
from ..support.clock import midday_zone
from ..support.processes import Doorbell
from ..support.tabs import Tab
from ..support.tv_screen import OpenTv, TvScreen, open_tv
from ..support.tvs import Tv, make_tv
from ..support.world import Service, World

TIMEOUT_MS = 15_000
# Also the first page of a process, with all its files.
NAVIGATION_MS = 30_000
expect.set_options(timeout=TIMEOUT_MS)


class Screen:
    """One signed-in page of the board. Since `forget`: `fetched` counts the requests for single panels."""

    def __init__(self, page: Page, doorbell: Doorbell) -> None:
        self.page, self.url = page, doorbell.url
        self.fetched: Counter[str] = Counter()
        self.batches: list[list[str]] = []  # panels of each batch request
        self.faults: list[str] = []
        page.on("request", lambda request: self._count(request.url))
        page.on("console", lambda message: self.faults.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: self.faults.append(str(error)))

    def open(self, path: str = "/", ignored: tuple[str, ...] = ()) -> Screen:
        """`ignored` are intervals of page_clock.py that cause no request, for tests that count them."""
        for name in ignored:
            page_clock.ignore(self.page, name)
        self.page.goto(self.url + path)
        self.page.evaluate("window.paintedOnce = true")
        self.is_live()
        assert page_clock.has_ignored(self.page, *ignored)
        return self

    def is_live(self) -> None:
        expect(self.page.locator("#live-label")).to_have_text("Live")

    def was_not_reloaded(self) -> bool:
        return bool(self.page.evaluate("window.paintedOnce === true"))

    def panel(self, name: str) -> str:
        return self.page.locator(f"#{name}").inner_text()

    def asked(self, panel: str) -> int:
        """How often the page has requested the panel, alone or in a batch. The browser reports requests only during a call."""
        self.page.evaluate("0")
        return self.fetched[panel] + sum(panel in batch for batch in self.batches)

    def forget(self) -> None:
        self.fetched.clear()
        self.batches.clear()

    def _count(self, url: str) -> None:
        path, _, query = url.removeprefix(self.url).partition("?")
        if path.startswith("/panels/"):
            self.fetched[path.removeprefix("/panels/").partition("/")[0]] += 1
        elif path == "/panels":
            self.batches.append(sorted(query.removeprefix("names=").split(",")))


Sign = Callable[..., Screen]
OpenTabs = Callable[..., list[Tab]]


@pytest.fixture
def doorbell(service: Service) -> Iterator[Doorbell]:
    doorbell = Doorbell(service)
    doorbell.start()
    yield doorbell
    doorbell.close()


@pytest.fixture
def sign_in(chromium: Browser, doorbell: Doorbell) -> Iterator[Sign]:
    """Opens a new browser context for a user: `sign_in(user_id, width=375, color_scheme="dark")`."""
    contexts: list[BrowserContext] = []

    def sign_in(user_id: int, width: int = 1440, height: int = 1000, **options: object) -> Screen:
        context = chromium.new_context(viewport={"width": width, "height": height}, **options)  # type: ignore[arg-type]
        context.set_default_timeout(TIMEOUT_MS)
        context.set_default_navigation_timeout(NAVIGATION_MS)
        contexts.append(context)
        name, _, value = doorbell.cookie(user_id).partition("=")
        context.add_cookies([{"name": name, "value": value, "url": doorbell.url}])
        return Screen(context.new_page(), doorbell)

    yield sign_in
    for context in contexts:
        context.close()


@pytest.fixture
def tenant(world: World) -> int:
    """A tenant with forty orders of today, so that every panel has content."""
    tenant = world.tenant("acme", name="Acme", timezone=midday_zone())
    ana, ben = world.user(tenant, "Ana Silva"), world.user(tenant, "Ben Okafor")
    world.conn.execute(
        "INSERT INTO orders (tenant_id, number, customer, owner_id, currency, total_minor, placed_at, paid_at)"
        " SELECT %(t)s, 'S' || n, 'Customer ' || n, CASE WHEN n %% 2 = 0 THEN %(ana)s ELSE %(ben)s END, 'EUR', n * 100,"
        "   now() - n * interval '1 second', CASE WHEN n %% 3 > 0 THEN now() - n * interval '1 second' END"
        " FROM generate_series(1, 40) AS n",
        {"t": tenant, "ana": ana, "ben": ben},
    )
    world.conn.execute("UPDATE notifications SET read_at = now()")
    return tenant


@pytest.fixture
def ana(world: World, tenant: int) -> int:
    return _user(world, tenant, "Ana Silva")


@pytest.fixture
def ben(world: World, tenant: int) -> int:
    return _user(world, tenant, "Ben Okafor")


def _user(world: World, tenant: int, name: str) -> int:
    found = world.conn.execute("SELECT id FROM users WHERE tenant_id = %s AND name = %s", [tenant, name]).fetchone()
    assert found is not None
    return int(found[0])


@pytest.fixture
def context(ana: int, sign_in: Sign) -> BrowserContext:
    """Ana's browser, without a page."""
    page = sign_in(ana).page
    page.close()
    return page.context


@pytest.fixture
def open_tabs(context: BrowserContext, doorbell: Doorbell) -> OpenTabs:
    """Opens tabs in Ana's browser, one after the other. The first leads."""

    def open_tabs(count: int, path: str = "/") -> list[Tab]:
        tabs = [Tab(context, doorbell.url).open(path) for _ in range(count)]
        for tab in tabs:
            expect(tab.page.locator("#live-label")).to_have_text("Live")
        return tabs

    return open_tabs


@pytest.fixture
def tv(world: World, tenant: int) -> Tv:
    """A TV that stays on its first screen."""
    return make_tv(world, tenant)


@pytest.fixture
def wall(chromium: Browser, doorbell: Doorbell) -> Iterator[OpenTv]:
    """Opens the page of a TV in a browser of its own: `wall(tv, width=3840, height=2160)`."""
    opened: list[TvScreen] = []

    def wall(tv: Tv, width: int = 1920, height: int = 1080, **options: object) -> TvScreen:
        opened.append(open_tv(chromium, doorbell, tv, width, height, **options))
        return opened[-1]

    yield wall
    for screen in opened:
        screen.page.context.close()
