"""Panels that change with the clock are refetched without signals: an open page equals one opened now."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import redis

from webapp.panels.groups import FIGURES, GROUPS

from ..support.page_clock import POLLING
from ..support.processes import Doorbell
from ..support.signals import signalled
from ..support.wait import eventually
from ..support.world import Service, World
from .conftest import Screen, Sign

pytestmark = [pytest.mark.browser, pytest.mark.faults]

BERLIN = ZoneInfo("Europe/Berlin")
PANELS = ("revenue", "orders_today", "average_order", "revenue_by_hour", "salespeople", "recent_orders", "history")
EACH_MINUTE = sorted(panel.name for panel in GROUPS[FIGURES].panels)


class Clock:
    """The clocks of the server and the pages, moved forward together."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._file.write_text("0")

    def set(self, moment: datetime) -> None:
        self._file.write_text(str(moment.timestamp() - time.time()))

    def forward(self, screen: Screen, by: timedelta) -> None:
        self._file.write_text(str(float(self._file.read_text()) + by.total_seconds()))
        screen.page.clock.fast_forward(int(by.total_seconds() * 1000))


@pytest.fixture
def clock(tmp_path: Path) -> Clock:
    return Clock(tmp_path / "shift")


@pytest.fixture
def doorbell(service: Service, tmp_path: Path, clock: Clock) -> Iterator[Doorbell]:
    doorbell = Doorbell(service, SHIFT_FILE=str(tmp_path / "shift"))
    doorbell.web.args[-1] = "tests.support.apps.shifted_web:app"
    doorbell.start()
    yield doorbell
    doorbell.close()


def open_at(clock: Clock, sign_in: Sign, user: int, moment: datetime, ignored: tuple[str, ...] = ()) -> Screen:
    clock.set(moment)
    screen: Screen = sign_in(user)
    screen.page.clock.install()
    return screen.open(ignored=ignored)


def texts(screen: Screen) -> dict[str, str]:
    return {name: screen.panel(name) for name in ("today", *PANELS)}


def equals_a_fresh_page(screen: Screen, sign_in: Sign, user: int) -> None:
    fresh = texts(sign_in(user).open())
    eventually(lambda: texts(screen) == fresh)
    assert screen.was_not_reloaded()


def fill(world: World, client: redis.Redis, tenant: int, day: datetime) -> None:
    """An order each half hour of `day`, 15 s before the end of its minute, paid at once.

    Returns when all are signalled: a page that opens later requests nothing because of them.
    """
    orders = set()
    for n in range(48):
        at = day + timedelta(minutes=30 * n, seconds=-15)
        orders.add(world.order(tenant, 1000 + n, number=f"D{n}", placed_at=at, paid_at=at))
    eventually(lambda: signalled(client, tenant) >= orders)


@pytest.fixture
def quiet(world: World) -> tuple[int, int]:
    tenant = world.tenant("quiet", name="Quiet")
    return tenant, world.user(tenant)


def test_each_minute_the_comparison_and_the_hour_equal_those_of_a_new_page(
    world: World, redis_client: redis.Redis, quiet: tuple[int, int], clock: Clock, sign_in: Sign
) -> None:
    """Without polling: a jump by a minute looks like a silent stream, and the page polls while it reconnects."""
    tenant, user = quiet
    fill(world, redis_client, tenant, datetime(2027, 6, 9, tzinfo=BERLIN))
    screen = open_at(clock, sign_in, user, datetime(2027, 6, 10, 10, 29, 30, tzinfo=BERLIN), ignored=(POLLING,))
    before = texts(screen)
    screen.forget()
    clock.forward(screen, timedelta(seconds=60))
    eventually(lambda: screen.asked("revenue") and screen.batches)
    assert screen.batches[0] == EACH_MINUTE
    eventually(lambda: screen.panel("revenue") != before["revenue"])
    equals_a_fresh_page(screen, sign_in, user)
    clock.forward(screen, timedelta(minutes=45))
    equals_a_fresh_page(screen, sign_in, user)
    assert {panel: screen.fetched[panel] for panel in PANELS if screen.fetched[panel]} == {}, (
        "one batch each time, and no request caused by a signal"
    )


@pytest.mark.parametrize(
    "midnight",
    [
        datetime(2027, 6, 11, tzinfo=BERLIN),
        datetime(2027, 3, 28, tzinfo=BERLIN),  # the day has 23 hours
        datetime(2027, 3, 29, tzinfo=BERLIN),  # the day before had 23 hours
        datetime(2027, 10, 31, tzinfo=BERLIN),  # the day has 25 hours
        datetime(2027, 11, 1, tzinfo=BERLIN),
    ],
    ids=lambda midnight: f"{midnight:%Y-%m-%d}",
)
def test_at_the_tenants_midnight_an_open_page_shows_the_new_day(
    world: World, redis_client: redis.Redis, quiet: tuple[int, int], clock: Clock, sign_in: Sign, midnight: datetime
) -> None:
    """Without a signal, because the listener's clock is not moved."""
    tenant, user = quiet
    start = midnight.astimezone(ZoneInfo("UTC"))
    fill(world, redis_client, tenant, start - timedelta(hours=20))
    screen = open_at(clock, sign_in, user, start - timedelta(seconds=40))
    before = texts(screen)
    clock.forward(screen, timedelta(seconds=60))
    eventually(lambda: screen.panel("today") == f"{midnight:%A, }{midnight.day}{midnight: %B %Y}")
    eventually(lambda: screen.panel("revenue") != before["revenue"])
    equals_a_fresh_page(screen, sign_in, user)
    assert "€0.00" in screen.panel("revenue")


def test_a_hidden_page_is_refetched_only_when_it_becomes_visible(
    world: World, redis_client: redis.Redis, quiet: tuple[int, int], clock: Clock, sign_in: Sign
) -> None:
    tenant, user = quiet
    fill(world, redis_client, tenant, datetime(2027, 6, 9, tzinfo=BERLIN))
    screen = open_at(clock, sign_in, user, datetime(2027, 6, 10, 10, 15, tzinfo=BERLIN))
    hide = "state => { Object.defineProperty(document, 'hidden', {get: () => state, configurable: true});"
    hide += "document.dispatchEvent(new Event('visibilitychange')) }"
    screen.page.evaluate(hide, True)
    screen.forget()
    for _ in range(3):
        clock.forward(screen, timedelta(hours=1))
        screen.page.clock.run_for(3_000)
    assert screen.batches == []
    screen.page.evaluate(hide, False)
    equals_a_fresh_page(screen, sign_in, user)


def test_an_order_dated_in_the_future_moves_to_its_place_at_its_time(
    world: World, quiet: tuple[int, int], clock: Clock, sign_in: Sign
) -> None:
    tenant, user = quiet
    now = datetime(2027, 6, 10, 10, 15, tzinfo=BERLIN)
    world.order(tenant, number="NOW", placed_at=now)
    world.order(tenant, number="LATER", placed_at=now + timedelta(minutes=30))
    board = open_at(clock, sign_in, user, now)
    assert board.panel("recent_orders").index("NOW") < board.panel("recent_orders").index("LATER")
    clock.forward(board, timedelta(minutes=31))
    eventually(lambda: board.panel("recent_orders").index("LATER") < board.panel("recent_orders").index("NOW"))
    assert "scheduled" not in board.panel("recent_orders")
