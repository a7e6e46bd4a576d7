"""A TV heals by itself: from restarts of every process, a lost network, a new version, and once per night."""

from __future__ import annotations

import signal
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from playwright.sync_api import expect

from webapp.launcher.embedded import Embedded

from ..support.processes import Doorbell
from ..support.tv_screen import OpenTv, TvScreen
from ..support.tvs import Tv, make_tv
from ..support.wait import eventually
from ..support.world import Service, World

pytestmark = pytest.mark.browser


@pytest.fixture
def screen(world: World, tenant: int, wall: OpenTv) -> TvScreen:
    """A TV with recent orders."""
    return wall(make_tv(world, tenant, screens=["recent"])).open()


def change(service: Service, customer: str) -> None:
    """One change, by a new connection, because the old one may be closed."""
    with psycopg.connect(service.database_url, autocommit=True) as conn:
        conn.execute("UPDATE orders SET customer = %s WHERE number = 'S1'", [customer])


def test_stale_figures_are_marked_while_the_server_is_away_and_the_tv_goes_live_again(
    screen: TvScreen, doorbell: Doorbell, service: Service
) -> None:
    doorbell.web.kill()
    expect(screen.label).to_contain_text("Stale since", timeout=25_000)
    expect(screen.page.locator("#banner")).to_contain_text("These are the last figures received.")
    expect(screen.page.locator(".tv-card").first).to_have_css("border-top-style", "dashed")
    change(service, "While the server was away")
    doorbell.start_web()
    expect(screen.shown).to_contain_text("While the server was away", timeout=25_000)
    screen.is_live()
    expect(screen.page.locator("#banner")).to_be_hidden()
    assert not screen.was_reloaded()


def test_a_tv_polls_while_redis_is_away(screen: TvScreen, embedded: Embedded, service: Service) -> None:
    embedded.redis.stop(signal.SIGKILL)
    try:
        expect(screen.label).to_have_text("Polling", timeout=25_000)
        change(service, "While Redis was away")
        expect(screen.shown).to_contain_text("While Redis was away", timeout=25_000)
    finally:
        embedded.redis.start()
    screen.is_live()


def test_a_tv_survives_a_restart_of_postgresql(screen: TvScreen, embedded: Embedded, service: Service) -> None:
    embedded.postgres.restart("immediate")
    change(service, "PostgreSQL is back")
    expect(screen.shown).to_contain_text("PostgreSQL is back", timeout=25_000)
    screen.is_live()


def test_a_tv_polls_without_a_listener(screen: TvScreen, doorbell: Doorbell, service: Service) -> None:
    doorbell.listener.kill()
    change(service, "While the listener was away")
    expect(screen.shown).to_contain_text("While the listener was away", timeout=40_000)
    doorbell.listener.start()
    screen.is_live()


def test_a_tv_without_a_network_says_which_figures_it_shows(screen: TvScreen, service: Service) -> None:
    screen.page.context.set_offline(True)
    expect(screen.label).to_contain_text("Offline · showing", timeout=25_000)
    change(service, "While offline")
    screen.page.context.set_offline(False)
    expect(screen.shown).to_contain_text("While offline", timeout=25_000)
    screen.is_live()


def test_a_page_that_opens_while_the_database_is_away_shows_its_figures_later(
    world: World, tenant: int, wall: OpenTv, embedded: Embedded
) -> None:
    screen = wall(make_tv(world, tenant, screens=["recent"]))
    embedded.postgres.stop()
    try:
        response = screen.page.goto(screen.url)
        assert response is not None
        assert (response.status, response.headers["refresh"]) == (503, "15")
    finally:
        embedded.postgres.start()
    screen.is_live(40)


def test_a_new_version_is_loaded_once_the_server_answers(
    screen: TvScreen, doorbell: Doorbell, service: Service
) -> None:
    """Another version of the page stands for another version of its files: both are in the same hash."""
    doorbell.web.kill()
    with psycopg.connect(service.database_url, autocommit=True) as conn:
        conn.execute("UPDATE tenants SET name = 'Renamed'")
    expect(screen.label).to_contain_text("Stale since", timeout=25_000)
    assert not screen.was_reloaded()
    doorbell.start_web()
    expect(screen.page.locator("h1")).to_have_text("Renamed", timeout=40_000)
    screen.is_live()


def test_a_tv_loads_its_page_again_at_night_but_never_while_the_server_is_away(
    world: World, tenant: int, tv: Tv, wall: OpenTv, doorbell: Doorbell
) -> None:
    now = datetime.now(UTC)
    noon = f"Etc/GMT{now.hour - 12:+d}"  # the zone in which it is between 12:00 and 13:00; its sign is that of POSIX
    world.conn.execute("UPDATE tenants SET timezone = %s", [noon])
    screen = wall(tv)
    screen.page.clock.install()
    screen.open()
    hour_before = timedelta(hours=15, minutes=46) - timedelta(minutes=now.minute)
    screen.page.clock.fast_forward(int(hour_before.total_seconds() * 1000))
    assert not screen.was_reloaded()
    doorbell.web.kill()
    screen.page.clock.fast_forward(3_600_000)
    screen.page.clock.run_for(60_000)
    assert not screen.was_reloaded()
    expect(screen.shown).to_be_visible()
    doorbell.start_web()
    screen.page.clock.run_for(60_000)
    eventually(screen.was_reloaded, 40)
    screen.is_live()
