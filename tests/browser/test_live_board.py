"""Order changes made by plain SQL reach the open page, without a reload."""

from __future__ import annotations

import re

import pytest
import redis
from playwright.sync_api import expect

from webapp.events.topics import ORDERS
from webapp.panels import pacing

from ..support.page_clock import MINUTES, POLLING
from ..support.signals import topics
from ..support.wait import eventually
from ..support.world import World
from .conftest import Screen, Sign

pytestmark = pytest.mark.browser


def order(world: World, tenant: int, number: str) -> int:
    found = world.conn.execute(
        "SELECT id FROM orders WHERE tenant_id = %s AND number = %s", [tenant, number]
    ).fetchone()
    assert found is not None
    return int(found[0])


def test_a_plain_sql_update_changes_tile_row_and_chart_without_a_reload(
    world: World, tenant: int, ana: int, sign_in: Sign
) -> None:
    screen = sign_in(ana).open()
    row = screen.page.locator(f"#order-{order(world, tenant, 'S3')}")
    expect(row).to_contain_text("placed")
    before = {name: screen.panel(name) for name in ("revenue", "average_order", "salespeople")}
    bars = screen.page.locator("#revenue_by_hour .chart").inner_html()

    world.conn.execute("UPDATE orders SET paid_at = now(), total_minor = 500000 WHERE number = 'S3'")

    expect(row).to_contain_text("paid")
    expect(row).to_contain_text("€5,000.00")
    expect(row).to_contain_text("psql")
    eventually(lambda: all(screen.panel(name) != text for name, text in before.items()))
    eventually(lambda: screen.page.locator("#revenue_by_hour .chart").inner_html() != bars)
    assert screen.was_not_reloaded()
    assert screen.faults == []


def test_a_new_order_appears_on_top_and_a_deleted_one_disappears(
    world: World, tenant: int, ana: int, sign_in: Sign
) -> None:
    screen = sign_in(ana).open()
    placed = world.order(tenant, 4200, number="NEW-1", customer="Hanari Carnes")
    first = screen.page.locator("#recent_orders tbody tr").first
    expect(first).to_have_attribute("id", f"order-{placed}")
    expect(first).to_contain_text("Hanari Carnes")
    world.conn.execute("DELETE FROM orders WHERE number = 'NEW-1'")
    expect(screen.page.locator(f"#order-{placed}")).to_have_count(0)


def test_a_changed_row_refetches_that_row_only(world: World, tenant: int, ana: int, sign_in: Sign) -> None:
    screen = sign_in(ana).open(ignored=(MINUTES, POLLING))
    requests: list[str] = []
    screen.page.on("request", lambda request: requests.append(request.url))
    changed = order(world, tenant, "S6")
    world.conn.execute("UPDATE orders SET shipped_at = now() WHERE number = 'S6'")
    expect(screen.page.locator(f"#order-{changed}")).to_contain_text("shipped")

    def recent() -> list[str]:
        screen.page.evaluate("0")  # the browser reports requests only during a call
        return [url.rpartition("/panels/")[2] for url in requests if "recent_orders" in url]

    # A busy browser may report a request after its answer is on the page.
    eventually(recent)
    assert recent() == [f"recent_orders/{changed}"]


def test_a_bulk_update_causes_one_refetch_per_panel(
    world: World, redis_client: redis.Redis, tenant: int, ana: int, sign_in: Sign
) -> None:
    world.conn.execute(
        "INSERT INTO orders (tenant_id, number, customer, currency, total_minor)"
        " SELECT %s, 'B' || n, 'Bulk', 'EUR', 100 FROM generate_series(1, 10000) AS n",
        [tenant],
    )
    # A page that opens later refetches nothing because of them.
    eventually(lambda: ORDERS in topics(redis_client, tenant))
    screen = sign_in(ana).open(ignored=(MINUTES, POLLING))
    screen.forget()
    world.conn.execute("UPDATE orders SET paid_at = now() WHERE customer = 'Bulk'")
    eventually(lambda: "€10," in screen.panel("revenue"))
    expect(screen.page.locator("#recent_orders tbody tr").first).to_contain_text("paid")
    panels = ("revenue", "average_order", "revenue_by_hour", "salespeople", "recent_orders")
    eventually(lambda: all(screen.asked(panel) for panel in panels))
    assert {panel: screen.asked(panel) for panel in panels} == dict.fromkeys(panels, 1)


def test_the_tooltip_of_the_live_dot_shows_the_latency_from_change_to_screen(
    world: World, tenant: int, ana: int, sign_in: Sign
) -> None:
    screen = sign_in(ana).open()
    world.conn.execute("UPDATE orders SET paid_at = now() WHERE number = 'S3'")
    dot = screen.page.locator("#live-state")
    expect(dot).to_have_attribute("title", re.compile(r"^Updated \d+\.\d s after the change$"))
    assert "after the change" not in dot.inner_text(), "the label beside the dot is unchanged"


def test_user_input_survives_fifty_live_changes(world: World, tenant: int, ana: int, sign_in: Sign) -> None:
    """Typed text, caret, focus, scroll and an open <details>, while rows, tiles and charts change."""
    screen = sign_in(ana, height=700).open()
    page = screen.page
    page.locator("#revenue_by_hour-data > summary").click()
    page.locator("#revenue_by_hour-scroll").evaluate("box => { box.scrollTop = 120 }")
    search = page.locator("#search")
    search.fill("Vins et alcools")
    search.evaluate("box => box.setSelectionRange(5, 5)")
    page.evaluate("window.scrollTo(0, 300)")
    scrolled = page.evaluate("window.scrollY")
    assert scrolled > 0
    screen.forget()
    changes = 0
    while changes < 50 or (changes < 500 and screen.asked("revenue") < 3):
        number = f"S{changes % 20 + 1}"
        world.conn.execute(
            "UPDATE orders SET total_minor = total_minor + 1, paid_at = now() WHERE number = %s", [number]
        )
        changes += 1
        page.wait_for_timeout(60)  # pace of the changes, no wait
    world.conn.execute("UPDATE orders SET total_minor = 7777700, paid_at = now() WHERE number = 'S1'")
    eventually(lambda: "€77,777.00" in page.locator("#recent_orders").inner_text())
    eventually(lambda: "€77," in screen.panel("revenue") or "€78," in screen.panel("revenue"))
    assert screen.asked("revenue") >= 3, "guard: the panels were refetched meanwhile"
    assert search.input_value() == "Vins et alcools"
    assert search.evaluate("box => [document.activeElement === box, box.selectionStart]") == [True, 5]
    assert page.locator("#revenue_by_hour-data").get_attribute("open") is not None
    assert page.locator("#revenue_by_hour-scroll").evaluate("box => box.scrollTop") == 120
    assert page.evaluate("window.scrollY") == scrolled
    assert screen.was_not_reloaded()


def test_panels_refetch_at_their_pace_and_never_miss_the_last_change(
    world: World, tenant: int, ana: int, sign_in: Sign
) -> None:
    screen = sign_in(ana).open(ignored=(MINUTES, POLLING))
    screen.forget()
    started = screen.page.evaluate("performance.now()")
    change = "UPDATE orders SET paid_at = now(), total_minor = total_minor + 1 WHERE number = 'S3'"
    changes = 0
    # A busy shop. On a busy machine it goes on until the page has refetched often enough to have a pace.
    while changes < 60 or (changes < 600 and screen.asked("revenue") < 4):
        world.conn.execute(change)
        changes += 1
        screen.page.wait_for_timeout(30)
    (last,) = world.conn.execute("SELECT total_minor FROM orders WHERE number = 'S3'").fetchone() or (0,)
    eventually(lambda: f"{last / 100:,.2f}" in screen.page.locator("#recent_orders").inner_text())
    seconds = (screen.page.evaluate("performance.now()") - started) / 1000
    assert 3 < screen.asked("revenue") <= seconds / pacing.pacing(0.0, viewers=1).page_seconds + 2
    total = world.conn.execute("SELECT sum(total_minor) FROM orders WHERE paid_at IS NOT NULL").fetchone()
    assert total is not None
    eventually(lambda: f"{total[0] / 100:,.2f}" in screen.panel("revenue"))


def test_tenants_never_see_changes_of_another_tenant(world: World, tenant: int, ana: int, sign_in: Sign) -> None:
    other = world.tenant("other", name="Other")
    eve = world.user(other, "Eve Moreau")
    hers: Screen = sign_in(eve).open(ignored=(MINUTES, POLLING))
    mine: Screen = sign_in(ana).open()
    hers.forget()
    mine.forget()
    world.order(tenant, 12345, paid_at=world.now(), number="MINE")
    expect(mine.page.locator("#recent_orders")).to_contain_text("MINE")
    world.order(other, 54321, paid_at=world.now(), number="HERS")  # guard: her page gets its own
    expect(hers.page.locator("#recent_orders")).to_contain_text("HERS")
    eventually(lambda: hers.asked("recent_orders"))  # a busy browser may report it after its answer is on the page
    assert hers.asked("recent_orders") == 1, "only her own order caused a refetch"
    assert "MINE" not in hers.page.content()
    world.order(tenant, 1, number="AGAIN")
    expect(mine.page.locator("#recent_orders")).to_contain_text("AGAIN")
    assert "HERS" not in mine.page.content()


def test_pause_freezes_the_page_and_resume_updates_it(world: World, tenant: int, ana: int, sign_in: Sign) -> None:
    screen = sign_in(ana).open()
    screen.page.locator("#pause").click()
    expect(screen.page.locator("#live-label")).to_have_text("Paused")
    watching: Screen = sign_in(ana).open()
    before = screen.panel("revenue")
    world.conn.execute("UPDATE orders SET paid_at = now() WHERE number = 'S3'")
    eventually(lambda: watching.panel("revenue") != before)
    assert screen.panel("revenue") == before
    screen.page.locator("#pause").click()
    eventually(lambda: screen.panel("revenue") != before)
    screen.is_live()
