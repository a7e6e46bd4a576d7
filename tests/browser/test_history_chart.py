"""The chart of the history: zoom by pointer and keyboard, live updates that keep it, themes, languages, and no script."""

from __future__ import annotations

from datetime import UTC, datetime

import psycopg
import pytest
from playwright.sync_api import Locator, Page, expect

from webapp.rollups import refresh

from ..support.wait import eventually
from ..support.world import Service, World
from . import shared_doorbell
from .conftest import Screen, Sign
from .test_accessibility import LOOKS, violations

pytestmark = pytest.mark.browser
service, world, doorbell = shared_doorbell.service, shared_doorbell.world, shared_doorbell.doorbell


@pytest.fixture
def history(world: World, tenant: int, service: Service) -> int:
    """Sales of forty days before today, beside today's forty orders."""
    world.conn.execute(
        "INSERT INTO orders (tenant_id, number, customer, owner_id, currency, total_minor, placed_at, paid_at)"
        " SELECT %s, 'H' || n, 'Customer ' || n,"
        "   CASE WHEN n %% 3 > 0 THEN (SELECT min(id) FROM users WHERE tenant_id = %s)"
        "   END, 'EUR', 10000 + n * 100, now() - n * interval '1 day', now() - n * interval '1 day'"
        " FROM generate_series(1, 40) AS n",
        [tenant, tenant],
    )
    refresh.refresh(service.database_url)
    return tenant


def shown(page: Page) -> str:
    return page.locator("#history-chart").get_attribute("data-shown") or ""


def drag(plot: Locator, start: float, end: float) -> None:
    box = plot.locator(".u-over").bounding_box()
    assert box is not None
    mouse, y = plot.page.mouse, box["y"] + box["height"] / 2
    mouse.move(box["x"] + box["width"] * start, y)
    mouse.down()
    mouse.move(box["x"] + box["width"] * end, y, steps=5)
    mouse.up()


def open_history(sign_in: Sign, user: int, query: str = "", **options: object) -> Screen:
    screen = sign_in(user, **options)
    screen.open(f"/history{query}")
    expect(screen.page.locator("#history-plot canvas")).to_be_visible()
    return screen


def test_dragging_zooms_and_a_change_keeps_the_zoom(
    history: int, ana: int, sign_in: Sign, world: World, conn: psycopg.Connection
) -> None:
    screen = open_history(sign_in, ana)
    page, plot = screen.page, screen.page.locator("#history-plot")
    whole = shown(page)
    reset = page.get_by_role("button", name="Reset zoom")
    expect(reset).to_be_disabled()
    drag(plot, 0.5, 0.8)
    expect(reset).to_be_enabled()
    zoomed = shown(page)
    assert zoomed != whole
    before = page.locator(".history-total").inner_text()
    order = world.order(history, 5_000_00, owner_id=ana, paid_at=datetime.now(UTC))
    expect(page.locator(".history-total")).not_to_have_text(before)
    assert shown(page) == zoomed
    world.change(order, refunded_minor=5_000_00)
    expect(page.locator(".history-total")).to_have_text(before)
    reset.click()
    assert shown(page) == whole
    assert screen.was_not_reloaded()
    assert screen.faults == []


def test_the_keyboard_zooms_and_moves(history: int, ana: int, sign_in: Sign) -> None:
    page = open_history(sign_in, ana).page
    whole, section = shown(page), page.locator("#history-chart")
    section.get_by_role("button", name="Zoom in").focus()
    page.keyboard.press("Enter")
    zoomed = shown(page)
    assert zoomed != whole
    section.get_by_role("button", name="Earlier").press("Enter")
    assert shown(page) not in (zoomed, whole)
    section.get_by_role("button", name="Later").press("Enter")
    assert shown(page) == zoomed
    section.get_by_role("button", name="Zoom out").press("Enter")
    section.get_by_role("button", name="Reset zoom").press("Enter") if shown(page) != whole else None
    assert shown(page) == whole


def test_the_legend_has_the_values_at_the_pointer(history: int, ana: int, sign_in: Sign) -> None:
    page = open_history(sign_in, ana, "?range=last_7&group=owner").page
    period = page.locator(".history-matrix tbody tr").nth(3).locator("th").text_content() or ""
    over = page.locator("#history-plot .u-over").bounding_box()
    assert over is not None
    page.mouse.move(over["x"] + over["width"] / 2, over["y"] + 40)
    legend = page.locator("#history-legend")
    expect(legend).to_contain_text("€")
    expect(legend).to_contain_text(period)
    image = page.locator("#history-plot")
    assert "Chart of Revenue by Day" in (image.get_attribute("aria-label") or "")


@pytest.mark.parametrize("width", [1440, 768, 375])
def test_nothing_is_wider_than_the_page(history: int, ana: int, sign_in: Sign, width: int) -> None:
    for query in ("", "?group=owner&range=last_7", "?range=today"):
        page = open_history(sign_in, ana, query, width=width).page
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        canvas = page.locator("#history-plot canvas").bounding_box()
        assert canvas is not None
        assert canvas["x"] + canvas["width"] <= width


def test_the_chart_follows_the_theme_and_the_width(history: int, ana: int, sign_in: Sign) -> None:
    page = open_history(sign_in, ana, color_scheme="light").page
    pixels = "document.querySelector('#history-plot canvas').toDataURL()"
    light = page.evaluate(pixels)
    page.get_by_role("button", name="Dark mode").click()
    # Not page.wait_for_function: its later polls need eval(), which the Content-Security-Policy refuses.
    eventually(lambda: page.evaluate(pixels) != light)
    page.set_viewport_size({"width": 900, "height": 900})
    eventually(
        lambda: page.evaluate("document.querySelector('#history-plot canvas').getBoundingClientRect().width < 900")
    )


@pytest.mark.parametrize(("scheme", "width"), LOOKS.values(), ids=LOOKS)
def test_the_history_has_no_violation_after_a_live_update(
    history: int, ana: int, sign_in: Sign, world: World, scheme: str, width: int
) -> None:
    page = open_history(sign_in, ana, width=width, color_scheme=scheme).page
    before = page.locator(".history-total").inner_text()
    world.order(history, 77_00, owner_id=ana, paid_at=datetime.now(UTC))
    expect(page.locator(".history-total")).not_to_have_text(before)
    assert violations(page) == []
    for query in ("?group=owner", "?range=decade", "?from=2001-01-01&to=2001-01-02"):
        page.goto(page.url.partition("?")[0] + query)
        assert (query, violations(page)) == (query, [])


def test_without_scripts_the_tables_stand_alone(history: int, ana: int, sign_in: Sign) -> None:
    screen = sign_in(ana, java_script_enabled=False)
    screen.page.goto(f"{screen.url}/history")
    expect(screen.page.locator("#history-chart")).to_be_hidden()
    expect(screen.page.locator(".history-table tbody tr")).to_have_count(30)
    screen.page.get_by_label("Range").select_option("last_7")
    screen.page.get_by_role("button", name="Show").click()
    expect(screen.page.locator(".history-table tbody tr")).to_have_count(7)


def test_a_preset_replaces_dates_and_dates_replace_a_preset(history: int, ana: int, sign_in: Sign) -> None:
    page = open_history(sign_in, ana, "?from=2026-01-01&to=2026-12-31&measure=orders").page
    expect(page.get_by_label("Range")).to_have_value("")
    page.get_by_label("Range").select_option("last_7")
    page.get_by_role("button", name="Show").click()
    page.wait_for_url("**/history?range=last_7&measure=orders&group=none&compare=previous")
    page.get_by_label("From").fill("2026-01-01")
    expect(page.get_by_label("Range")).to_have_value("")
