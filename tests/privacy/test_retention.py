"""Old orders are removed by a rule, without events and notifications, and the figures of the past stay exact."""

from __future__ import annotations

import psycopg
import pytest

from webapp.privacy import retention
from webapp.privacy.retention import RetentionRule
from webapp.rollups import refresh

from ..support.world import Service, World

HOURLY = "SELECT hour, orders, paid_orders, revenue_minor, refunded_minor FROM rollups_hourly WHERE tenant_id = %s ORDER BY 1"
PRODUCTS = "SELECT day, product, orders, paid_minor FROM rollups_products_daily WHERE tenant_id = %s ORDER BY 1, 2"
OLD = "2024-03-05 10:20+00"


@pytest.fixture
def pair(world: World, conn: psycopg.Connection) -> tuple[int, int]:
    """Two tenants with the same orders; the first has a rule. All readers have read the events."""
    tenants = []
    for slug in ("ruled", "plain"):
        tenant = world.tenant(slug)
        owner = world.user(tenant)
        for minute in range(0, 60, 7):
            at = f"2024-03-05 10:{minute:02}+00"
            order = world.order(tenant, 1000 + minute, placed_at=at, paid_at=at, shipped_at=at, owner_id=owner)
            conn.execute(
                "INSERT INTO order_lines (tenant_id, order_id, position, product, quantity, unit_price_minor, total_minor)"
                " VALUES (%s, %s, 1, 'Widget', 1, 1000, 1000), (%s, %s, 2, 'Widget', 1, 5, 5)",
                [tenant, order, tenant, order],
            )
        world.change(order, refunded_minor=500, refunded_at="2024-03-06 09:00+00")
        world.order(tenant, 7, placed_at=OLD, paid_at=OLD)
        world.order(tenant, 9, placed_at=OLD, cancelled_at=OLD)
        tenants.append(tenant)
    conn.execute("UPDATE tenants SET orders_keep_months = 12 WHERE slug = 'ruled'")
    return tenants[0], tenants[1]


def numbers(conn: psycopg.Connection, tenant: int) -> list[int]:
    return [row[0] for row in conn.execute("SELECT total_minor FROM orders WHERE tenant_id = %s ORDER BY 1", [tenant])]


def test_figures_stay_exact_when_old_orders_go(
    service: Service, world: World, conn: psycopg.Connection, pair: tuple[int, int]
) -> None:
    ruled, plain = pair
    refresh.refresh(service.database_url)
    before = conn.execute(HOURLY, [ruled]).fetchall()
    events = len(world.events(plain))
    assert retention.count(conn, RetentionRule(ruled, 12, True)) == 10
    assert retention.remove_old(service.database_url) == 10
    assert numbers(conn, ruled) == [7], "an order that is not shipped stays"
    assert len(numbers(conn, plain)) == 11
    assert [event["type"] for event in world.events(ruled)] == ["placed", "paid"], "no event of the removal"
    assert len(world.events(plain)) == events
    assert retention.remove_old(service.database_url) == 0

    refresh.refresh(service.database_url)
    assert conn.execute(HOURLY, [ruled]).fetchall() == before
    # A quarter of an hour of Nepal's clock is not one of UTC's hours.
    conn.execute("UPDATE tenants SET timezone = 'Asia/Kathmandu'")
    refresh.rebuild(service.database_url)
    for figures in (HOURLY, PRODUCTS):
        kept, expected = conn.execute(figures, [ruled]).fetchall(), conn.execute(figures, [plain]).fetchall()
        assert kept == expected
        assert kept


def test_an_old_order_that_changes_keeps_the_figures_of_its_hour(
    service: Service, world: World, conn: psycopg.Connection, pair: tuple[int, int]
) -> None:
    refresh.refresh(service.database_url)
    retention.remove_old(service.database_url)
    conn.execute("UPDATE orders SET cancelled_at = now() WHERE total_minor = 7")
    refresh.refresh(service.database_url)
    kept, expected = (conn.execute(HOURLY, [tenant]).fetchall() for tenant in pair)
    assert kept == expected


def test_open_orders_go_only_if_the_rule_says_so(
    service: Service, conn: psycopg.Connection, pair: tuple[int, int]
) -> None:
    refresh.refresh(service.database_url)
    conn.execute("UPDATE tenants SET orders_open_kept = false")
    assert retention.remove_old(service.database_url) == 11
    assert numbers(conn, pair[0]) == []


def test_an_order_whose_events_a_reader_has_not_read_stays(
    service: Service, conn: psycopg.Connection, pair: tuple[int, int]
) -> None:
    refresh.refresh(service.database_url)
    conn.execute("UPDATE orders SET customer = 'Edited' WHERE total_minor = 1007")
    assert retention.remove_old(service.database_url) == 9
    assert numbers(conn, pair[0]) == [7, 1007]
    refresh.refresh(service.database_url)
    # The edit was recorded now, but is no change of a time, so the order is as old as before.
    conn.execute("UPDATE order_events SET occurred_at = '2024-03-05' WHERE type = 'edited'")
    assert retention.remove_old(service.database_url) == 1
