"""The rollups equal a plain count over the orders after any change, and a second run changes nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from flask import Flask

from webapp.rollups import refresh

from ..support.plain_count import assert_they_equal_a_plain_count
from ..support.world import Service, World


def days(conn: psycopg.Connection) -> list[tuple[str, int, int, int]]:
    """Day, orders, paid orders, revenue; all owners together."""
    return conn.execute(
        "SELECT day::text, sum(orders)::int, sum(paid_orders)::int, sum(revenue_minor)::int"
        " FROM rollups_daily GROUP BY 1 ORDER BY 1"
    ).fetchall()


def test_the_first_run_counts_all_orders(service: Service, world: World) -> None:
    tenant = world.tenant()
    world.order(tenant, 500, placed_at="1996-07-04 10:00+02", paid_at="1996-07-05 10:00+02")
    assert refresh.refresh(service.database_url) == {tenant}
    assert days(world.conn) == [("1996-07-04", 1, 0, 0), ("1996-07-05", 0, 1, 500)]
    assert_they_equal_a_plain_count(world.conn)


def test_a_second_run_writes_nothing_and_returns_no_tenant(service: Service, world: World) -> None:
    tenant = world.tenant()
    order = world.order(tenant)
    refresh.refresh(service.database_url)
    world.change(order, paid_at="2026-01-02 10:00+00")
    assert refresh.refresh(service.database_url) == {tenant}
    versions = world.conn.execute("SELECT xmin::text, ctid::text FROM rollups_hourly ORDER BY 1, 2").fetchall()
    assert refresh.refresh(service.database_url) == set()
    world.change(order, shipped_at="2026-01-03 10:00+00", customer="Hanari Carnes")
    assert refresh.refresh(service.database_url) == set(), "nothing that is counted changed"
    world.change(order, shipped_at=None)
    assert refresh.refresh(service.database_url) == set(), "a corrected shipment is not counted either"
    assert world.conn.execute("SELECT xmin::text, ctid::text FROM rollups_hourly ORDER BY 1, 2").fetchall() == versions


@pytest.mark.parametrize(
    ("change", "figures"),
    [
        ({"placed_at": "2026-03-05 12:00+00"}, [("2026-03-02", 0, 1, 1000), ("2026-03-05", 1, 0, 0)]),
        ({"paid_at": "2026-03-05 12:00+00"}, [("2026-03-01", 1, 0, 0), ("2026-03-05", 0, 1, 1000)]),
        ({"paid_at": None}, [("2026-03-01", 1, 0, 0)]),
        ({"total_minor": 700}, [("2026-03-01", 1, 0, 0), ("2026-03-02", 0, 1, 700)]),
        ({"cancelled_at": "2026-03-05 12:00+00"}, [("2026-03-02", 0, 1, 1000)]),
        (
            {"refunded_minor": 1000, "refunded_at": "2026-03-05 12:00+00"},
            [("2026-03-02", 0, 1, 1000), ("2026-03-05", 0, 0, -1000)],
        ),
    ],
)
def test_a_correction_moves_the_figures_from_the_old_day_to_the_new(
    service: Service, world: World, change: dict[str, object], figures: list[tuple[str, int, int, int]]
) -> None:
    order = world.order(world.tenant(), placed_at="2026-03-01 12:00+00", paid_at="2026-03-02 12:00+00")
    refresh.refresh(service.database_url)
    world.change(order, **change)
    refresh.refresh(service.database_url)
    assert days(world.conn) == figures
    assert_they_equal_a_plain_count(world.conn)


def test_reassigning_an_order_moves_its_revenue_and_refunds(service: Service, world: World) -> None:
    tenant = world.tenant()
    ana, ben = world.user(tenant, "Ana Silva"), world.user(tenant, "Ben Okafor")
    order = world.order(tenant, placed_at="2026-03-01 12:00+00", paid_at="2026-03-02 12:00+00", owner_id=ana)
    world.change(order, refunded_minor=300)
    refresh.refresh(service.database_url)
    world.change(order, owner_id=ben)
    refresh.refresh(service.database_url)
    owners = world.conn.execute("SELECT owner_id, sum(revenue_minor) FROM rollups_daily GROUP BY 1").fetchall()
    assert owners == [(ben, 700)]
    assert_they_equal_a_plain_count(world.conn)


@pytest.mark.parametrize("statement", ["DELETE FROM orders", "TRUNCATE orders CASCADE"])
def test_a_deleted_order_is_removed_from_each_of_its_days(service: Service, world: World, statement: str) -> None:
    order = world.order(world.tenant(), placed_at="2026-03-01 12:00+00", paid_at="2026-03-02 12:00+00")
    world.change(order, refunded_minor=300)
    refresh.refresh(service.database_url)
    assert len(days(world.conn)) == 3, "placed, paid and refunded on three days"
    world.conn.execute(statement)
    refresh.refresh(service.database_url)
    assert days(world.conn) == []


def test_days_and_hours_follow_the_tenants_clock_across_a_change(service: Service, world: World) -> None:
    tenant = world.tenant(timezone="Europe/Berlin")
    far = world.tenant("far", timezone="Pacific/Auckland")
    start = datetime(2026, 10, 24, 20, tzinfo=UTC)  # 02:00 to 03:00 is repeated
    for quarter in range(4 * 32):
        moment = (start + timedelta(minutes=15 * quarter)).isoformat()
        world.order(tenant, placed_at=moment, paid_at=moment)
        world.order(far, placed_at=moment)
    world.order(tenant, placed_at="2026-03-29 00:59:59+00", paid_at="2026-03-29 01:00+00")  # 01:59:59, then 03:00
    refresh.refresh(service.database_url)
    assert_they_equal_a_plain_count(world.conn)
    row = world.conn.execute("SELECT orders FROM rollups_hourly WHERE hour = '2026-10-25 02:00'").fetchone()
    assert row == (8,), "the repeated hour is one row of two hours"
    assert ("2026-10-25", 100, 100, 100_000) in world.conn.execute(
        "SELECT day::text, orders, paid_orders, revenue_minor FROM rollups_daily WHERE tenant_id = %s", [tenant]
    ).fetchall()


def test_a_late_commit_is_counted_and_does_not_delay_other_orders(service: Service, world: World) -> None:
    tenant = world.tenant()
    refresh.refresh(service.database_url)
    with psycopg.connect(service.database_url) as slow:
        slow.execute(
            "INSERT INTO orders (tenant_id, number, customer, currency, total_minor) VALUES (%s, 'slow', 'S', 'EUR', 1)",
            [tenant],
        )
        world.order(tenant)
        assert refresh.refresh(service.database_url) == {tenant}
        assert sum(row[1] for row in days(world.conn)) == 1
    assert refresh.refresh(service.database_url) == {tenant}
    assert sum(row[1] for row in days(world.conn)) == 2


def test_a_cursor_of_another_cluster_causes_a_full_count(service: Service, world: World) -> None:
    tenant = world.tenant()
    world.order(tenant)
    refresh.refresh(service.database_url)
    world.conn.execute("UPDATE outbox_readers SET system_identifier = 1 WHERE name = 'rollups'")
    world.conn.execute("DELETE FROM rollups_hourly; UPDATE rollups_daily SET orders = 99")
    refresh.refresh(service.database_url)
    assert_they_equal_a_plain_count(world.conn)


def test_a_rebuild_applies_a_changed_time_zone(service: Service, world: World) -> None:
    tenant = world.tenant(timezone="Europe/Berlin")
    world.order(tenant, placed_at="2026-03-01 23:30+00", paid_at="2026-03-01 23:30+00")
    refresh.refresh(service.database_url)
    world.conn.execute("UPDATE tenants SET timezone = 'Asia/Kolkata'")
    assert refresh.rebuild(service.database_url) == {tenant}
    assert_they_equal_a_plain_count(world.conn)


def test_the_command_rebuilds_and_prints_the_number_of_tenants(app: Flask, world: World) -> None:
    world.order(world.tenant(), placed_at="2026-03-01 23:30+00")
    result = app.test_cli_runner().invoke(args=["rollups", "rebuild"])
    assert result.output == "Rebuilt the rollups of 1 tenant.\n"
    assert_they_equal_a_plain_count(world.conn)


def test_the_earliest_and_latest_allowed_times_are_counted(service: Service, world: World) -> None:
    tenant = world.tenant()
    at = ("1900-01-02 12:00+00", "2026-03-01 12:00+00", "8999-12-30 12:00+00")
    for placed_at in at:
        world.order(tenant, placed_at=placed_at)
    refresh.refresh(service.database_url)
    assert days(world.conn) == [(moment[:10], 1, 0, 0) for moment in at]


def test_a_deleted_tenant_loses_its_rollups_and_does_not_stop_a_refresh(service: Service, world: World) -> None:
    first, second = world.tenant("first"), world.tenant("second")
    world.order(first), world.order(second)
    refresh.refresh(service.database_url)
    world.conn.execute("DELETE FROM tenants WHERE id = %s", [first])
    world.order(second)
    assert refresh.refresh(service.database_url) == {second}
    assert_they_equal_a_plain_count(world.conn)
