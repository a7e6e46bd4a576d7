"""The time of a refund by plain SQL: `refunded_at` beside `refunded_minor`."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import psycopg
import pytest
from flask import Flask

from webapp.db import db
from webapp.models import Tenant
from webapp.queries import history
from webapp.rollups import refresh

from ..support.world import Service, World

REFUND = "UPDATE orders SET refunded_minor = 400, refunded_at = %s"


@pytest.fixture
def paid_at(world: World, tenant: int) -> datetime:
    """An order of 1000 that was paid nine days ago."""
    moment = world.now() - timedelta(days=9)
    world.order(tenant, placed_at=moment, paid_at=moment)
    return moment


def moments(world: World) -> list[datetime]:
    return [event["occurred_at"] for event in world.events() if event["type"] == "refunded"]


@pytest.mark.parametrize("ahead", [timedelta(minutes=6), timedelta(days=400)])
@pytest.mark.usefixtures("paid_at")
def test_a_refund_in_the_future_is_refused(world: World, ahead: timedelta) -> None:
    with pytest.raises(psycopg.errors.CheckViolation, match="the refund of order T1 is dated in the future") as refused:
        world.conn.execute(REFUND, [world.now() + ahead])
    assert refused.value.diag.message_hint
    assert moments(world) == []
    world.conn.execute(REFUND, [soon := world.now() + timedelta(minutes=1)])  # clocks differ
    assert moments(world) == [soon]


def test_a_refund_more_than_a_day_before_the_payment_is_refused(world: World, paid_at: datetime) -> None:
    with pytest.raises(psycopg.errors.CheckViolation, match="the refund of order T1 is dated before its payment"):
        world.conn.execute(REFUND, [paid_at - timedelta(hours=25)])
    assert moments(world) == []


def test_a_refund_of_the_day_of_the_payment_is_not_dated_before_it(world: World, paid_at: datetime) -> None:
    world.conn.execute(REFUND, [paid_at - timedelta(hours=10)])
    assert moments(world) == [paid_at]


@pytest.mark.parametrize("days", [10.5, -1])
def test_an_inserted_refund_follows_the_same_rules(world: World, tenant: int, paid_at: datetime, days: float) -> None:
    with pytest.raises(psycopg.errors.CheckViolation, match="the refund of order T2 is dated"):
        world.order(tenant, paid_at=paid_at, refunded_minor=1, refunded_at=world.now() - timedelta(days=days))
    day_ago = world.now() - timedelta(days=1)
    world.order(tenant, paid_at=paid_at, refunded_minor=1, refunded_at=day_ago)
    assert moments(world) == [day_ago]


def test_a_wrong_time_beside_no_refund_changes_nothing_that_counts(world: World, paid_at: datetime) -> None:
    world.conn.execute("UPDATE orders SET refunded_at = %s", [world.now() + timedelta(days=1)])
    before = world.now()
    world.conn.execute("UPDATE orders SET refunded_minor = 400")
    assert moments(world)[0] >= before > paid_at


def test_an_upsert_that_repeats_a_refund_does_not_date_it_again(world: World, tenant: int, paid_at: datetime) -> None:
    made = paid_at + timedelta(days=2)
    upsert = (
        "INSERT INTO orders (tenant_id, number, customer, currency, total_minor, paid_at, refunded_minor, refunded_at)"
        " VALUES (%s, 'T1', 'Toms', 'EUR', 1000, %s, 400, %s)"
        " ON CONFLICT (tenant_id, number) DO UPDATE SET refunded_minor = excluded.refunded_minor,"
        " refunded_at = excluded.refunded_at"
    )
    for _ in range(2):
        world.conn.execute(upsert, [tenant, paid_at, made])
    assert moments(world) == [made]


def test_a_refund_dated_yesterday_lowers_the_revenue_of_yesterday(
    app: Flask, world: World, tenant: int, service: Service, paid_at: datetime
) -> None:
    """After a delete and an insert of the row too, as a nightly full refresh does it."""
    refresh.refresh(service.database_url)
    yesterday = world.now() - timedelta(days=1)

    def revenue(moment: datetime) -> int:
        """Of the day in the history panel."""
        refresh.refresh(service.database_url)
        with app.app_context():
            shown = history.read(db.session.get_one(Tenant, tenant), world.now())
        day = moment.astimezone(ZoneInfo("Europe/Berlin")).date()
        return next(found.revenue_minor for found in shown.days if found.day == day)

    assert (revenue(paid_at), revenue(yesterday)) == (1000, 0)
    world.conn.execute(REFUND, [yesterday])
    assert (revenue(paid_at), revenue(yesterday)) == (1000, -400)
    columns = "tenant_id, number, customer, currency, total_minor, refunded_minor, refunded_at, placed_at, paid_at"
    with world.conn.transaction():
        world.conn.execute(f"CREATE TEMP TABLE kept ON COMMIT DROP AS SELECT {columns} FROM orders")
        world.conn.execute("DELETE FROM orders")
        world.conn.execute(f"INSERT INTO orders ({columns}) SELECT * FROM kept")
    assert (revenue(paid_at), revenue(yesterday)) == (1000, -400)
