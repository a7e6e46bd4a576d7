"""The open page while a process is dead, and after: it catches up without a reload."""

from __future__ import annotations

import signal

import psycopg
import pytest
from playwright.sync_api import expect

from webapp.launcher.embedded import Embedded

from ..support.page_clock import MINUTES, POLLING
from ..support.processes import Doorbell
from ..support.wait import eventually
from ..support.world import Service, World
from .conftest import Screen, Sign

pytestmark = pytest.mark.browser


@pytest.fixture
def screen(ana: int, sign_in: Sign) -> Screen:
    return sign_in(ana).open()


def change(service: Service, customer: str) -> None:
    """One change, by a new connection, because the old one may be closed."""
    with psycopg.connect(service.database_url, autocommit=True) as conn:
        conn.execute("UPDATE orders SET customer = %s WHERE number = 'S1'", [customer])


def test_no_change_is_lost_when_the_listener_is_killed(screen: Screen, doorbell: Doorbell, service: Service) -> None:
    doorbell.listener.kill()
    change(service, "While the listener was dead")
    doorbell.listener.start()
    expect(screen.page.locator("#recent_orders")).to_contain_text("While the listener was dead")
    assert screen.was_not_reloaded()


def test_the_page_polls_while_redis_is_away_and_goes_live_again(
    screen: Screen, embedded: Embedded, service: Service
) -> None:
    label = screen.page.locator("#live-label")
    embedded.redis.stop(signal.SIGKILL)
    try:
        expect(label).to_have_text("Polling")
        change(service, "While Redis was dead")
        expect(screen.page.locator("#recent_orders")).to_contain_text("While Redis was dead", timeout=25_000)
    finally:
        embedded.redis.start()
    expect(label).to_have_text("Live", timeout=25_000)
    change(service, "Redis is back")
    expect(screen.page.locator("#recent_orders")).to_contain_text("Redis is back", timeout=25_000)
    assert screen.was_not_reloaded()


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_the_page_survives_a_restart_of_postgresql(
    screen: Screen, embedded: Embedded, service: Service, mode: str
) -> None:
    embedded.postgres.restart(mode)
    change(service, "PostgreSQL is back")
    expect(screen.page.locator("#recent_orders")).to_contain_text("PostgreSQL is back", timeout=25_000)
    assert screen.was_not_reloaded()


@pytest.mark.parametrize("how", ["killed", "deployed"])
def test_the_page_resumes_after_a_restart_of_the_web_process(
    screen: Screen, doorbell: Doorbell, service: Service, how: str
) -> None:
    if how == "killed":
        doorbell.web.kill()
    else:
        assert doorbell.web.stop() == 0
    expect(screen.page.locator("#live-label")).not_to_have_text("Live")
    change(service, "While the web process was away")
    doorbell.start_web()
    expect(screen.page.locator("#recent_orders")).to_contain_text("While the web process was away", timeout=25_000)
    screen.is_live()
    assert screen.was_not_reloaded()


def test_failed_refetches_are_retried_without_a_signal(sign_in: Sign, world: World, ana: int) -> None:
    """The signals arrive while all requests fail. None follow; tests/static/test_retry.py measures how soon."""
    screen = sign_in(ana).open(ignored=(MINUTES, POLLING))
    page = screen.page
    page.route("**/panels/**", lambda route: route.abort())
    world.conn.execute("UPDATE orders SET paid_at = now() WHERE number = 'S6' AND owner_id = %s", [ana])
    world.conn.execute("UPDATE orders SET customer = 'While requests failed' WHERE number = 'S6'")
    expect(page.locator("#live-label")).to_contain_text("Stale since")
    page.unroute("**/panels/**")
    expect(page.locator("#recent_orders")).to_contain_text("While requests failed")
    expect(page.locator("#unread")).to_have_text("1")
    screen.is_live()


def test_at_the_tenants_midnight_every_panel_is_refetched(screen: Screen, doorbell: Doorbell, world: World) -> None:
    """The listener's last drain is set back by a day, so it signals a new day."""
    doorbell.listener.stop()
    world.conn.execute("UPDATE outbox_readers SET drained_at = drained_at - interval '1 day'")
    screen.forget()
    doorbell.listener.start()
    panels = ("revenue", "orders_today", "average_order", "revenue_by_hour", "salespeople", "recent_orders", "history")
    assert eventually(lambda: all(screen.asked(panel) for panel in panels))


def test_a_page_shows_that_its_user_was_signed_out_elsewhere(
    screen: Screen, service: Service, doorbell: Doorbell
) -> None:
    screen.page.context.clear_cookies()
    change(service, "Not for the signed out")
    expect(screen.page.locator("body")).to_contain_text("signed out")
    assert "Not for the signed out" not in screen.page.content()


def test_a_sign_out_in_one_tab_is_shown_in_the_other(sign_in: Sign, ana: int) -> None:
    """No change causes a refetch in the other tab, but its stream ends and cannot reconnect."""
    screen = sign_in(ana).open(ignored=(MINUTES, POLLING))
    other = screen.page.context.new_page()
    other.goto(screen.page.url)
    other.get_by_label("Account of Ana Silva").click()
    other.get_by_role("button", name="Sign out").click()
    expect(screen.page.locator("#live-label")).to_contain_text("You are signed out.")


def test_a_hidden_page_catches_up_when_it_becomes_visible(screen: Screen, service: Service) -> None:
    page = screen.page
    hide = "state => { Object.defineProperty(document, 'hidden', {get: () => state, configurable: true});"
    hide += "document.dispatchEvent(new Event('visibilitychange')) }"
    page.evaluate(hide, True)
    change(service, "While it was hidden")
    page.evaluate(hide, False)
    expect(page.locator("#recent_orders")).to_contain_text("While it was hidden")
    assert eventually(lambda: page.locator("#live-label").inner_text() == "Live")
