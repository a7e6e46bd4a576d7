"""What a person sees when a process dies: the page catches up by itself."""

from __future__ import annotations

import signal

import psycopg
import pytest
from playwright.sync_api import expect

from webapp.launcher.embedded import Embedded

from ..support.processes import Doorbell, eventually
from ..support.world import Service, World
from .conftest import Screen, Sign

pytestmark = pytest.mark.browser


@pytest.fixture
def screen(ana: int, sign_in: Sign) -> Screen:
    return sign_in(ana).open()


def change(service: Service, customer: str) -> None:
    """One change by a connection of its own, as the old one may be gone."""
    with psycopg.connect(service.database_url, autocommit=True) as conn:
        conn.execute("UPDATE orders SET customer = %s WHERE number = 'S1'", [customer])


def test_a_killed_listener_costs_time_and_no_change(screen: Screen, doorbell: Doorbell, service: Service) -> None:
    doorbell.listener.kill()
    change(service, "While the listener was dead")
    doorbell.listener.start()
    expect(screen.page.locator("#recent_orders")).to_contain_text("While the listener was dead")
    assert screen.was_not_reloaded()


def test_the_page_polls_while_redis_is_away_and_goes_live_again(
    screen: Screen, embedded: Embedded, service: Service
) -> None:
    words = screen.page.locator("#live-words")
    embedded.redis.stop(signal.SIGKILL)
    try:
        expect(words).to_have_text("Polling")
        change(service, "While Redis was dead")
        expect(screen.page.locator("#recent_orders")).to_contain_text("While Redis was dead", timeout=25_000)
    finally:
        embedded.redis.start()
    expect(words).to_have_text("Live", timeout=25_000)
    change(service, "Redis is back")
    expect(screen.page.locator("#recent_orders")).to_contain_text("Redis is back", timeout=25_000)
    assert screen.was_not_reloaded()


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_a_restarted_postgresql_is_survived(screen: Screen, embedded: Embedded, service: Service, mode: str) -> None:
    embedded.postgres.restart(mode)
    change(service, "PostgreSQL is back")
    expect(screen.page.locator("#recent_orders")).to_contain_text("PostgreSQL is back", timeout=25_000)
    assert screen.was_not_reloaded()


@pytest.mark.parametrize("how", ["killed", "deployed"])
def test_a_restarted_web_process_is_resumed(screen: Screen, doorbell: Doorbell, service: Service, how: str) -> None:
    if how == "killed":
        doorbell.web.kill()
    else:
        assert doorbell.web.stop() == 0
    expect(screen.page.locator("#live-words")).not_to_have_text("Live")
    change(service, "While the web process was away")
    doorbell.start_web()
    expect(screen.page.locator("#recent_orders")).to_contain_text("While the web process was away", timeout=25_000)
    screen.is_live()
    assert screen.was_not_reloaded()


def test_what_got_no_answer_is_asked_again_soon_although_no_signal_comes(
    screen: Screen, world: World, ana: int
) -> None:
    """The signals come while no request gets through; after that there are none, and the page is live, so it polls not."""
    page = screen.page
    page.route("**/panels/**", lambda route: route.abort())
    world.conn.execute("UPDATE orders SET paid_at = now() WHERE number = 'S6' AND owner_id = %s", [ana])
    world.conn.execute("UPDATE orders SET customer = 'Nobody could ask' WHERE number = 'S6'")
    expect(page.locator("#live-words")).to_contain_text("Stale since")
    page.unroute("**/panels/**")
    expect(page.locator("#recent_orders")).to_contain_text("Nobody could ask", timeout=6_000)
    expect(page.locator("#unread")).to_have_text("1", timeout=6_000)
    screen.is_live()


def test_at_the_tenants_midnight_every_panel_is_asked_again(screen: Screen, doorbell: Doorbell, world: World) -> None:
    """The listener is told that it last looked a day ago: for the page that is the turn of the day."""
    doorbell.listener.stop()
    world.conn.execute("UPDATE outbox_readers SET drained_at = drained_at - interval '1 day'")
    screen.forget()
    doorbell.listener.start()
    panels = ("revenue", "orders_today", "average_order", "revenue_by_hour", "salespeople", "recent_orders", "history")
    assert eventually(lambda: all(screen.asked(panel) for panel in panels))


def test_who_was_signed_out_elsewhere_is_told_so(screen: Screen, service: Service, doorbell: Doorbell) -> None:
    screen.page.context.clear_cookies()
    change(service, "Not for the signed out")
    expect(screen.page.locator("body")).to_contain_text("signed out")
    assert "Not for the signed out" not in screen.page.content()


def test_a_sign_out_in_one_tab_is_said_in_the_other(screen: Screen) -> None:
    """Nothing changes meanwhile, so no refetch tells the other tab: its stream ends, and may not come back."""
    other = screen.page.context.new_page()
    other.goto(screen.page.url)
    other.get_by_label("Account of Ana Silva").click()
    other.get_by_role("button", name="Sign out").click()
    expect(screen.page.locator("#live-words")).to_contain_text("You are signed out.", timeout=6_000)


def test_a_hidden_page_catches_up_when_it_is_looked_at_again(screen: Screen, service: Service) -> None:
    page = screen.page
    hide = "state => { Object.defineProperty(document, 'hidden', {get: () => state, configurable: true});"
    hide += "document.dispatchEvent(new Event('visibilitychange')) }"
    page.evaluate(hide, True)
    change(service, "While nobody looked")
    page.evaluate(hide, False)
    expect(page.locator("#recent_orders")).to_contain_text("While nobody looked")
    assert eventually(lambda: page.locator("#live-words").inner_text() == "Live")
