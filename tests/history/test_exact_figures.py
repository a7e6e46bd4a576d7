"""Each figure of a history equals a plain sum over the orders, on the same snapshot, whatever the rollups have seen."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import astuple
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from webapp.db import db, driver_connection
from webapp.history import report
from webapp.history.request import HistoryRequest
from webapp.models import Tenant
from webapp.rollups import refresh

from ..support import plain_history
from ..support.figure_writers import figure_writers
from ..support.figures import NOON, refund, tenant
from ..support.order_lines import add_line
from ..support.varied_orders import DAYS, place_varied_orders
from ..support.world import Service, World

pytestmark = pytest.mark.usefixtures("app_context")

ASKED = [
    {"preset": "last_7", "compare": "previous"},
    {"preset": "today", "compare": "year"},
    {"preset": "week", "by": "day", "compare": "previous"},
    {"preset": "month", "by": "week", "compare": "previous"},
    {"preset": "year", "by": "month", "compare": "year"},
    {"preset": "last_month", "by": "day", "compare": "previous"},
    {"preset": "all", "compare": "none"},
]


@contextmanager
def snapshot() -> Iterator[Any]:
    db.session.rollback()
    db.session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
    try:
        with driver_connection() as conn:
            yield conn
    finally:
        db.session.rollback()


def compare(tenant_id: int, now: datetime, **asked: Any) -> report.Report:
    """The report, after each of its figures was compared with a plain sum on the same snapshot."""
    shown = tenant(tenant_id)
    with snapshot() as conn:
        found = report.read_in(conn, shown, now, HistoryRequest(**asked))
        assert found.is_exact
        plain = plain_history.products if asked.get("group") == "product" else plain_history.owners
        compare_window(plain(conn, shown, found.range), found, "figures", None)
        for n, period in enumerate(found.periods):
            compare_window(plain(conn, shown, period), found, "series", n)
            before = plain(conn, shown, period.compared) if period.compared else {}
            if found.whole:
                compare_window(before, found, "compared_series", n)
        if found.whole:
            compare_window(plain(conn, shown, found.whole), found, "compared", None)
    return found


def compare_window(expected: dict[Any, tuple[int, ...]], found: report.Report, name: str, n: int | None) -> None:
    def figures(row: report.Row) -> tuple[int, ...]:
        whole = getattr(row, name)
        return astuple(whole if n is None else whole[n])

    rows = {row.key: figures(row) for row in found.rows if row.key is not report.REST}
    if found.asked.group == "product":
        rows = {key: (row[0], row[2]) for key, row in rows.items()}
    if found.asked.group != "none":
        revenue = 1 if found.asked.group == "product" else 2
        assert {key: row for key, row in rows.items() if any(row)} == {
            key: expected[key] for key in expected if key in rows
        }
        assert not any(expected[key][revenue] for key in expected if key not in rows), "a row of the measure is missing"
    if found.asked.group == "product":
        return
    sums = tuple(map(sum, zip(*expected.values(), strict=True))) or (0, 0, 0, 0)
    assert figures(found.everything) == sums, (name, n)


def change_at_random(world: World, tenant_id: int, now: datetime, rng: random.Random) -> None:
    """A change that the rollups have to follow: late refunds, corrections, reassignments, cancellations, lines, deletions."""
    order = world.conn.execute(
        "SELECT id, owner_id FROM orders WHERE tenant_id = %s ORDER BY random() LIMIT 1", [tenant_id]
    ).fetchone()
    assert order is not None
    at = now + timedelta(minutes=rng.randint(-84 * 60, 60))
    kind = rng.choice(["refund", "unpaid", "paid", "owner", "cancel", "placed", "line", "unline", "delete"])
    if kind == "refund":
        sql = "UPDATE orders SET refunded_minor = total_minor / 3, refunded_at = %s WHERE id = %s AND paid_at < %s"
        world.conn.execute(sql, [at, order[0], at])
    elif kind == "owner":
        sql = "UPDATE orders SET owner_id = (SELECT id FROM users WHERE tenant_id = %s ORDER BY random() LIMIT 1) WHERE id = %s"
        world.conn.execute(sql, [tenant_id, order[0]])
    elif kind == "line":
        add_line(world, tenant_id, order[0], rng.choice(["Tea", "Cup"]), rng.randint(1, 500))
    elif kind == "unline":
        world.conn.execute("DELETE FROM order_lines WHERE order_id = %s AND position = 1", [order[0]])
    elif kind == "delete":
        world.conn.execute("DELETE FROM orders WHERE id = %s", [order[0]])
    else:
        column, value = {
            "unpaid": ("paid_at", None),
            "paid": ("paid_at", at),
            "cancel": ("cancelled_at", at),
            "placed": ("placed_at", at),
        }[kind]
        world.conn.execute(f"UPDATE orders SET {column} = %s WHERE id = %s AND refunded_minor = 0", [value, order[0]])


@pytest.mark.parametrize(("zone", "moment"), DAYS, ids=[f"{zone} {day}" for zone, day in DAYS])
def test_figures_are_those_of_the_orders_before_and_after_each_refresh(
    service: Service, world: World, zone: str, moment: str
) -> None:
    now, rng = datetime.fromisoformat(moment).replace(tzinfo=UTC), random.Random(moment)
    acme, other = (world.tenant(slug, timezone=zone) for slug in ("acme", "other"))
    for each in (acme, other):
        place_varied_orders(world, each, now)
    refresh.rebuild(service.database_url)
    for turn in range(4):
        for _ in range(12):
            change_at_random(world, acme, now, rng)
        for asked in rng.sample(ASKED, 3):
            for group in ("owner", "product"):
                compare(acme, now, **asked, group=group)
        if turn % 2:
            refresh.refresh(service.database_url)
    compare(acme, now, preset="last_7", group="owner")


def test_figures_are_exact_while_writers_and_refreshes_run(service: Service, world: World) -> None:
    acme = world.tenant()
    people = [world.user(acme, name) for name in ("Ana Silva", "Ben Okafor")]
    refresh.refresh(service.database_url)
    with figure_writers(service, acme, people) as writers:
        for _ in range(10):
            found = compare(acme, datetime.now(UTC), preset="last_7", group="owner", compare="previous")
            refresh.refresh(service.database_url)
    assert writers.changes > 10
    assert found.everything.figures.paid_orders > 0


def test_a_comparison_ends_at_the_same_minute(service: Service, world: World) -> None:
    acme = world.tenant()
    now = NOON + timedelta(minutes=30)  # 12:30 in Berlin
    for at, total in (("12:29:59", 1), ("12:30", 10), ("11:59", 100), ("13:00", 1000)):
        world.order(acme, total, paid_at=f"2026-06-09 {at}+02", placed_at="2026-06-01 12:00+02")
    refresh.refresh(service.database_url)
    found = compare(acme, now, preset="today")
    assert (found.everything.compared.revenue_minor, found.periods[0].is_unfinished) == (101, True)
    assert compare(acme, now, preset="yesterday").everything.figures.revenue_minor == 1111
    world.order(acme, 7, paid_at="2026-06-09 12:10+02", placed_at="2026-06-01 12:00+02")
    assert compare(acme, now, preset="today").everything.compared.revenue_minor == 108


def test_the_rest_of_the_revenue_is_what_no_product_has(service: Service, world: World) -> None:
    acme = world.tenant()
    refresh.refresh(service.database_url)
    order = world.order(acme, 1500, placed_at=NOON, paid_at=NOON)
    add_line(world, acme, order, "Tea", 900)
    add_line(world, acme, order, "Cup", 400)
    refund(world, order, 300, NOON.isoformat())
    for _ in range(2):
        found = compare(acme, NOON, preset="today", group="product")
        assert [(row.key, row.figures.revenue_minor) for row in found.rows] == [
            ("Tea", 900),
            ("Cup", 400),
            (None, -100),
        ]
        assert found.everything.figures.revenue_minor == 1200
        refresh.refresh(service.database_url)


def test_without_a_cursor_or_with_too_many_changes_the_report_says_that_it_is_not_exact(
    service: Service, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    acme = world.tenant()
    world.order(acme, paid_at=NOON, placed_at=NOON)
    shown: Tenant = tenant(acme)
    assert not report.read(shown, NOON, HistoryRequest()).is_exact, "no refresh has run"
    refresh.refresh(service.database_url)
    assert report.read(shown, NOON, HistoryRequest()).is_exact
    monkeypatch.setattr(report.reading, "MAX_HOURS", 2)
    for hour in range(4):
        world.order(acme, 1, placed_at=NOON - timedelta(hours=hour))
    found = report.read(shown, NOON, HistoryRequest())
    assert (found.is_exact, found.everything.figures.orders) == (False, 1)
    refresh.refresh(service.database_url)
    found = report.read(shown, NOON, HistoryRequest())
    assert (found.is_exact, found.everything.figures.orders) == (True, 5)


def test_all_time_begins_with_the_first_order(service: Service, world: World) -> None:
    acme = world.tenant()
    assert report.read(tenant(acme), NOON, HistoryRequest(preset="all")).range.first == date(2026, 6, 10)
    world.order(acme, placed_at="1999-02-28 12:00+00")
    refresh.refresh(service.database_url)
    world.order(acme, placed_at="1998-02-27 12:00+00")
    found = compare(acme, NOON, preset="all", compare="none")
    assert (found.range.first, found.unit, found.everything.figures.orders) == (date(1998, 2, 27), "month", 2)
