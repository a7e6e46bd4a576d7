"""Settings with real processes: what one page saves, the others show."""

from __future__ import annotations

import re
import sys
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Dialog, Page, expect

from ..support.processes import Doorbell
from ..support.wait import eventually
from ..support.world import World
from .conftest import OpenTabs, Sign

pytestmark = pytest.mark.browser


def save(page: Page) -> None:
    page.get_by_role("button", name="Save", exact=True).click()


@pytest.fixture
def mia(world: World, tenant: int) -> int:
    return world.user(tenant, "Mia Manager", role="manager")


def test_a_new_language_shows_in_the_users_other_tabs(
    open_tabs: OpenTabs, doorbell: Doorbell, ana: int, sign_in: Sign
) -> None:
    board, other = (tab.page for tab in open_tabs(2))
    elsewhere = sign_in(ana).open("/orders").page  # another browser
    other.goto(doorbell.url + "/settings/profile")
    other.get_by_label("Deutsch").check()
    save(other)
    for page in (other, board, elsewhere):
        expect(page.locator("html")).to_have_attribute("lang", re.compile("^de"))


def test_a_page_with_typed_text_offers_the_reload(sign_in: Sign, ana: int) -> None:
    typing, settings = sign_in(ana).open("/orders/new").page, sign_in(ana).open("/settings/profile").page
    typing.get_by_label("Customer").fill("Toms Spezialitäten")
    settings.get_by_label("Name").fill("Ana Costa")
    save(settings)
    typing.get_by_role("button", name="Reload").wait_for()
    expect(typing.get_by_label("Customer")).to_have_value("Toms Spezialitäten")
    typing.get_by_role("button", name="Reload").click()
    expect(typing.locator(".menu-name")).to_have_text("Ana")
    expect(typing.get_by_label("Customer")).to_have_value("")


def test_a_new_name_reaches_an_open_board(sign_in: Sign, ana: int, ben: int) -> None:
    board = sign_in(ben).open()
    expect(board.page.locator("#salespeople")).to_contain_text("Ana Silva")
    settings = sign_in(ana).open("/settings/profile").page
    settings.get_by_label("Name").fill("Ana Costa")
    settings.keyboard.press("Enter")
    expect(settings.get_by_role("status").filter(has_text="Profile saved.")).to_be_visible()
    expect(board.page.locator("#salespeople")).to_contain_text("Ana Costa")
    assert board.was_not_reloaded()


def test_hiding_the_team_empties_an_open_board_of_the_others_figures(sign_in: Sign, ana: int, mia: int) -> None:
    board = sign_in(ana).open()
    expect(board.page.locator("#salespeople")).to_contain_text("Ben Okafor")
    settings = sign_in(mia).open("/settings/workspace").page
    settings.get_by_label("Salespeople see the whole team").uncheck()
    expect(settings.get_by_text("You have unsaved changes.")).to_be_visible()
    save(settings)
    expect(board.page.locator("#salespeople")).not_to_contain_text("Ben Okafor")
    expect(board.page.locator("#recent_orders")).not_to_contain_text("Ben Okafor")
    expect(board.page.locator("#recent_orders")).to_contain_text("Ana Silva")
    assert board.was_not_reloaded()


def test_a_new_zone_moves_the_day_of_open_boards_and_rebuilds_history(
    sign_in: Sign, ana: int, mia: int, tenant: int, world: World, doorbell: Doorbell
) -> None:
    celery = (sys.executable, "-m", "celery", "-q", "-A", "tasks.app")
    zone = far_zone(world, tenant)
    noon = datetime.now(UTC).replace(hour=23, minute=30) - timedelta(days=5)
    world.order(tenant, 777, placed_at=noon, paid_at=noon)
    board = sign_in(ana).open().page
    settings = sign_in(mia).open("/settings/workspace").page
    settings.get_by_label("Search by city, country or offset").fill(zone.rpartition("/")[2])
    settings.keyboard.press("Enter")
    expect(settings.get_by_text(f"Days begin at midnight in {zone}.")).to_be_visible()
    save(settings)
    expect(settings.get_by_text("Waiting for the worker.")).to_be_visible()
    expect(board.locator("#page-clock")).to_have_attribute("data-zone", zone)
    # Read again each time, because midnight may be now in that zone.
    eventually(lambda: str(datetime.now(ZoneInfo(zone)).day) in board.locator("#today").inner_text())
    doorbell.another(*celery, "beat", "--loglevel=WARNING")
    doorbell.another(*celery, "worker", "--loglevel=WARNING", "--pool=threads", "--without-gossip", "--without-mingle")
    expect(settings.get_by_text("History was rebuilt in this time zone")).to_be_visible(timeout=60_000)
    shown = world.conn.execute("SELECT day FROM rollups_daily WHERE revenue_minor = 777").fetchall()
    assert shown == [(noon.astimezone(ZoneInfo(zone)).date(),)]


@pytest.mark.parametrize(
    ("typed", "zone"),
    [("Pago_Pago", "Pacific/Pago_Pago"), ("pago pago", "Pacific/Pago_Pago"), ("Kiritimati", "Pacific/Kiritimati")],
)
def test_enter_takes_the_zone_of_the_typed_city(sign_in: Sign, mia: int, typed: str, zone: str) -> None:
    page = sign_in(mia).open("/settings/workspace").page
    page.get_by_label("Search by city, country or offset").fill(typed)
    page.keyboard.press("Enter")
    expect(page.get_by_label("Time zone", exact=True)).to_have_value(zone)


def far_zone(world: World, tenant: int) -> str:
    """A zone whose present date differs from that of the tenant."""
    (zone,) = world.conn.execute("SELECT timezone FROM tenants WHERE id = %s", [tenant]).fetchone() or ("",)
    today = datetime.now(ZoneInfo(zone)).date()
    zones = ("Pacific/Kiritimati", "Pacific/Pago_Pago")
    return next(zone for zone in zones if datetime.now(ZoneInfo(zone)).date() != today)


def test_unsaved_changes_ask_before_the_page_is_left(sign_in: Sign, ana: int, doorbell: Doorbell) -> None:
    page = sign_in(ana).open("/settings/profile").page
    asked: list[str] = []

    def leave(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.accept()

    page.on("dialog", leave)
    page.goto(doorbell.url + "/orders")
    assert asked == [], "nothing was changed"
    page.goto(doorbell.url + "/settings/profile")
    page.get_by_label("Name").click()
    page.keyboard.type("x")
    page.get_by_role("link", name="Notifications", exact=True).click()
    expect(page.get_by_role("heading", name="Notifications", exact=True)).to_be_visible()
    assert asked == ["beforeunload"]


def test_the_sample_of_a_format_is_shown_before_saving(sign_in: Sign, mia: int) -> None:
    page = sign_in(mia, width=375, height=700).open("/settings/workspace").page
    expect(page.locator("#locale-sample")).to_contain_text("1,234,567.8")
    page.get_by_label("Search by language or country").fill("german germany")
    page.keyboard.press("Enter")
    expect(page.locator("#locale-sample")).to_contain_text("1.234.567,8")
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= 375
