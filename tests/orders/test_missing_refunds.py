"""Refunds without events, as triggers that did not fire leave them: found, repaired, and dated."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest
from flask import Flask

from webapp import orders
from webapp.orders import missing_refunds
from webapp.reconciliation import repair
from webapp.rollups import refresh

from ..support.doctor import examined
from ..support.world import Service, World


def refund_without_event(world: World, order: int, minor: int, **more: Any) -> None:
    """Like logical replication, pg_restore --disable-triggers and DISABLE TRIGGER."""
    world.conn.execute("SET session_replication_role = replica")
    world.change(order, refunded_minor=minor, **more)
    world.conn.execute("RESET session_replication_role")


def refunds(world: World) -> list[tuple[int, datetime]]:
    return [(event["amount_minor"], event["occurred_at"]) for event in world.events() if event["type"] == "refunded"]


def flask(app: Flask, *args: str) -> str:
    result = app.test_cli_runner().invoke(args=["orders", "reconcile", *args])
    assert result.exit_code == 0, result.output
    return str(result.output)


@pytest.fixture
def order(world: World) -> int:
    return world.order(world.tenant(), 10_000, number="TRG-1", paid_at=world.now() - timedelta(days=9))


def test_a_refund_without_an_event_is_found_and_repaired(
    app: Flask, service: Service, world: World, order: int
) -> None:
    world.order(1, 500, paid_at=world.now(), refunded_minor=100)
    examined(service).says("refunds", "ok", "every refund has its event")
    refund_without_event(world, order, 10_000)
    examined(service).says(
        "refunds", "FAULT", "1 order with refunds without an event, so revenue does not count them: TRG-1",
        "flask orders reconcile",
    )  # fmt: skip
    shown = flask(app, "--dry-run")
    assert "acme    TRG-1   refunded       100.00  EUR" in shown
    assert "Dry run" in shown
    assert len(refunds(world)) == 1
    assert "1 order repaired" in flask(app)
    amount, moment = refunds(world)[-1]
    assert amount == 10_000
    assert abs(moment - world.now()) < timedelta(minutes=1)
    event = world.events()[-1]
    assert (event["old_values"], event["new_values"]) == (
        {"status": "paid", "refunded_minor": 0},
        {"status": "refunded", "refunded_minor": 10_000},
    )
    assert event["via"] == "doorbell reconcile"
    assert "The events explain every order" in flask(app)
    examined(service).says("refunds", "ok", "every refund has its event")


def test_the_rollups_follow_a_repair(app: Flask, service: Service, world: World, order: int) -> None:
    refund_without_event(world, order, 10_000)
    refresh.refresh(service.database_url)
    flask(app)
    refresh.refresh(service.database_url)
    assert world.conn.execute("SELECT sum(revenue_minor) FROM rollups_daily").fetchone() == (0,)


def test_a_repaired_refund_is_dated_refunded_at_or_now_or_paid_at(app: Flask, world: World, order: int) -> None:
    paid_at, refunded_at = world.now() - timedelta(days=9), world.now() - timedelta(days=3)
    known = world.order(1, 500, paid_at=paid_at)
    refund_without_event(world, known, 500, refunded_at=refunded_at)
    flask(app)
    refund_without_event(world, order, 10_000)
    flask(app, "--dated", "paid")
    assert refunds(world)[0] == (500, refunded_at)
    assert abs(refunds(world)[1][1] - paid_at) < timedelta(minutes=1)


def test_a_missing_part_and_a_missing_reversal_are_repaired(app: Flask, world: World, order: int) -> None:
    world.change(order, refunded_minor=300)
    refund_without_event(world, order, 500)
    world.change(order, refunded_minor=600)
    back = world.order(1, 500, paid_at=world.now(), refunded_minor=500)
    refund_without_event(world, back, 0)
    flask(app)
    sums = world.conn.execute(
        "SELECT order_id, sum(amount_minor) FROM order_events WHERE type = 'refunded' GROUP BY 1 ORDER BY 1"
    ).fetchall()
    assert sums == [(order, 600), (back, 0)]


def test_the_repair_of_one_tenant_leaves_the_others(app: Flask, world: World, order: int) -> None:
    other = world.tenant("other")
    refund_without_event(world, order, 10_000)
    refund_without_event(world, world.order(other, 700, paid_at=world.now()), 700)
    flask(app, "--tenant", "other")
    assert [amount for amount, _ in refunds(world)] == [700]
    result = app.test_cli_runner().invoke(args=["orders", "reconcile", "--tenant", "none"])
    assert (result.exit_code, "There is no tenant 'none'" in result.output + result.stderr) == (2, True)


def test_refunds_whose_events_the_retention_dropped_are_not_missing(world: World, order: int) -> None:
    """An order paid before the oldest kept month may have lost its first refund events with their months."""
    long_ago = world.now() - timedelta(days=500)
    world.conn.execute("UPDATE tenants SET created_at = %s", [long_ago])
    gone = world.order(1, 900, placed_at=long_ago, paid_at=long_ago, refunded_minor=300)
    partly = world.order(1, 900, placed_at=long_ago, paid_at=long_ago, refunded_minor=300)
    world.conn.execute("DELETE FROM order_events")
    world.change(partly, refunded_minor=500)
    assert missing_refunds.find(world.conn, 10) == []
    refund_without_event(world, partly, 600)
    refund_without_event(world, order, 50)
    assert {(m.order_id, m.missing_minor) for m in missing_refunds.find(world.conn, 10)} >= {(partly, 100)}
    assert gone not in {m.order_id for m in missing_refunds.find(world.conn, 10)}


def test_two_repairs_at_one_moment_write_each_event_once(world: World, service: Service, order: int) -> None:
    refund_without_event(world, order, 10_000)
    with psycopg.connect(service.database_url) as other:  # holds the order's row, as the other repair would
        other.execute("SELECT FROM orders WHERE id = %s FOR UPDATE", [order])
        found = missing_refunds.find(world.conn, 10)
        assert [missing.order_id for missing in found] == [order]
        other.execute(
            "INSERT INTO order_events (tenant_id, order_id, type, via, amount_minor, old_values, new_values, occurred_at)"
            " VALUES (1, %s, 'refunded', 'test', 10000, '{}', '{}', now())",
            [order],
        )
        world.conn.execute("SET lock_timeout = '200ms'")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            list(repair.reconcile(world.conn, 1))
    assert list(repair.reconcile(world.conn, 1)) == []
    assert len(refunds(world)) == 1


# The date of a refund -------------------------------------------------------------------------------------------------------


def test_refunded_at_dates_the_event_of_a_refund(world: World, order: int) -> None:
    first, second = world.now() - timedelta(days=5), world.now() - timedelta(days=2)
    world.change(order, refunded_minor=100, refunded_at=first)
    world.change(order, refunded_minor=300, refunded_at=second)
    world.change(order, refunded_minor=350)  # without refunded_at: now
    assert refunds(world)[:2] == [(100, first), (200, second)]
    assert abs(refunds(world)[2][1] - world.now()) < timedelta(minutes=1)


def test_a_full_reload_with_refunded_at_keeps_the_date_of_the_refund(world: World, order: int) -> None:
    columns = "tenant_id, number, customer, currency, total_minor, refunded_minor, refunded_at, placed_at, paid_at"
    made = world.now()
    world.change(order, refunded_minor=10_000, refunded_at=made)
    with world.conn.transaction():
        world.conn.execute(f"CREATE TEMP TABLE kept ON COMMIT DROP AS SELECT {columns} FROM orders")
        world.conn.execute("DELETE FROM orders")
        world.conn.execute(f"INSERT INTO orders ({columns}) SELECT {columns} FROM kept")
    assert [moment for _, moment in refunds(world)] == [made, made]


@pytest.mark.parametrize("moment", ["infinity", "-infinity", "20000-01-01"])
def test_a_refund_outside_the_calendar_is_refused(world: World, order: int, moment: str) -> None:
    with pytest.raises(psycopg.errors.CheckViolation):
        world.change(order, refunded_minor=1, refunded_at=moment)


def test_a_refund_by_the_page_sets_refunded_at(app: Flask, world: World, order: int) -> None:
    with app.app_context():
        orders.refund(1, "TRG-1", 100)
    (row,) = world.conn.execute("SELECT refunded_at FROM orders").fetchall()
    assert refunds(world) == [(100, row[0])]
