"""Refunds without events, as triggers that did not fire leave them: found, written down, and dated."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest
from flask import Flask

from webapp import orders
from webapp.orders import missing_refunds
from webapp.rollups import refresh

from ..support.doctor import examined
from ..support.world import Service, World


def silent_refund(world: World, order: int, minor: int, **more: Any) -> None:
    """What logical replication's apply, pg_restore --disable-triggers and DISABLE TRIGGER do."""
    world.conn.execute("SET session_replication_role = replica")
    world.change(order, refunded_minor=minor, **more)
    world.conn.execute("RESET session_replication_role")


def told(world: World) -> list[tuple[int, datetime]]:
    return [(event["amount_minor"], event["occurred_at"]) for event in world.events() if event["type"] == "refunded"]


def flask(app: Flask, *args: str) -> str:
    result = app.test_cli_runner().invoke(args=["orders", "repair", *args])
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
    silent_refund(world, order, 10_000)
    examined(service).says(
        "refunds", "FAULT", "1 order with refunds without an event, so revenue does not count them: TRG-1",
        "flask orders repair",
    )  # fmt: skip
    shown = flask(app, "--dry-run")
    assert "acme    TRG-1   100.00    100.00         EUR" in shown
    assert "Dry run" in shown
    assert len(told(world)) == 1
    assert "1 order repaired" in flask(app)
    amount, moment = told(world)[-1]
    assert amount == 10_000
    assert abs(moment - world.now()) < timedelta(minutes=1)
    event = world.events()[-1]
    assert (event["old_values"], event["new_values"]) == (
        {"status": "refunded", "refunded_minor": 0},
        {"status": "refunded", "refunded_minor": 10_000},
    )
    assert event["via"] == "doorbell repair"
    assert "Every refund has its event" in flask(app)
    examined(service).says("refunds", "ok", "every refund has its event")


def test_the_rollups_follow_a_repair(app: Flask, service: Service, world: World, order: int) -> None:
    silent_refund(world, order, 10_000)
    refresh.refresh(service.database_url)
    flask(app)
    refresh.refresh(service.database_url)
    assert world.conn.execute("SELECT sum(revenue_minor) FROM rollups_daily").fetchone() == (0,)


def test_a_repaired_refund_counts_when_the_order_says_or_was_paid_or_now(app: Flask, world: World, order: int) -> None:
    paid_at, refunded_at = world.now() - timedelta(days=9), world.now() - timedelta(days=3)
    known = world.order(1, 500, paid_at=paid_at)
    silent_refund(world, known, 500, refunded_at=refunded_at)
    flask(app)
    silent_refund(world, order, 10_000)
    flask(app, "--dated", "paid")
    assert told(world)[0] == (500, refunded_at)
    assert abs(told(world)[1][1] - paid_at) < timedelta(minutes=1)


def test_a_part_that_is_missing_in_the_middle_and_a_refund_taken_back_in_silence_are_repaired(
    app: Flask, world: World, order: int
) -> None:
    world.change(order, refunded_minor=300)
    silent_refund(world, order, 500)
    world.change(order, refunded_minor=600)
    back = world.order(1, 500, paid_at=world.now(), refunded_minor=500)
    silent_refund(world, back, 0)
    flask(app)
    sums = world.conn.execute(
        "SELECT order_id, sum(amount_minor) FROM order_events WHERE type = 'refunded' GROUP BY 1 ORDER BY 1"
    ).fetchall()
    assert sums == [(order, 600), (back, 0)]


def test_one_tenant_alone_is_repaired(app: Flask, world: World, order: int) -> None:
    other = world.tenant("other")
    silent_refund(world, order, 10_000)
    silent_refund(world, world.order(other, 700, paid_at=world.now()), 700)
    flask(app, "--tenant", "other")
    assert [amount for amount, _ in told(world)] == [700]
    result = app.test_cli_runner().invoke(args=["orders", "repair", "--tenant", "none"])
    assert (result.exit_code, "There is no tenant 'none'" in result.output + result.stderr) == (2, True)


def test_what_the_retention_dropped_is_not_missing(world: World, order: int) -> None:
    """Of an order that was paid before the oldest month that is kept, the first refunds may have gone with their months."""
    long_ago = world.now() - timedelta(days=500)
    world.conn.execute("UPDATE tenants SET created_at = %s", [long_ago])
    gone = world.order(1, 900, placed_at=long_ago, paid_at=long_ago, refunded_minor=300)
    partly = world.order(1, 900, placed_at=long_ago, paid_at=long_ago, refunded_minor=300)
    world.conn.execute("DELETE FROM order_events")
    world.change(partly, refunded_minor=500)
    assert missing_refunds.find(world.conn, 10) == []
    silent_refund(world, partly, 600)
    silent_refund(world, order, 50)
    assert {(m.order_id, m.missing_minor) for m in missing_refunds.find(world.conn, 10)} >= {(partly, 100)}
    assert gone not in {m.order_id for m in missing_refunds.find(world.conn, 10)}


def test_two_repairs_at_once_write_each_event_once(world: World, service: Service, order: int) -> None:
    silent_refund(world, order, 10_000)
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
            missing_refunds.repair(world.conn)
    assert missing_refunds.repair(world.conn) == []
    assert len(told(world)) == 1


# When a refund was made ----------------------------------------------------------------------------------------------------


def test_a_writer_says_when_a_refund_was_made(world: World, order: int) -> None:
    first, second = world.now() - timedelta(days=5), world.now() - timedelta(days=2)
    world.change(order, refunded_minor=100, refunded_at=first)
    world.change(order, refunded_minor=300, refunded_at=second)
    world.change(order, refunded_minor=350)  # without a word: now
    assert told(world)[:2] == [(100, first), (200, second)]
    assert abs(told(world)[2][1] - world.now()) < timedelta(minutes=1)


def test_a_full_refresh_that_carries_refunded_at_leaves_the_refund_on_its_day(world: World, order: int) -> None:
    columns = "tenant_id, number, customer, currency, total_minor, refunded_minor, refunded_at, placed_at, paid_at"
    made = world.now()
    world.change(order, refunded_minor=10_000, refunded_at=made)
    with world.conn.transaction():
        world.conn.execute(f"CREATE TEMP TABLE kept ON COMMIT DROP AS SELECT {columns} FROM orders")
        world.conn.execute("DELETE FROM orders")
        world.conn.execute(f"INSERT INTO orders ({columns}) SELECT {columns} FROM kept")
    assert [moment for _, moment in told(world)] == [made, made]


@pytest.mark.parametrize("moment", ["infinity", "-infinity", "20000-01-01"])
def test_a_refund_at_a_time_that_no_calendar_shows_is_refused(world: World, order: int, moment: str) -> None:
    with pytest.raises(psycopg.errors.CheckViolation):
        world.change(order, refunded_minor=1, refunded_at=moment)


def test_a_refund_by_the_page_says_when_it_was_made(app: Flask, world: World, order: int) -> None:
    with app.app_context():
        orders.refund(1, "TRG-1", 100)
    (row,) = world.conn.execute("SELECT refunded_at FROM orders").fetchall()
    assert told(world) == [(100, row[0])]
