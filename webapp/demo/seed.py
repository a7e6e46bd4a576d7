"""The demo's past: weeks of orders with the shape of a week and a day, the same for the same seed and the same moment.

`seed` makes it once. `catch_up` fills what is missing of it after the demo was away.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import psycopg

from ..orders.new_order import NewLine
from ..postgres import session
from . import company

WEEKS = 6
GAP = timedelta(minutes=30)  # without a new order; from then on the demo was away
_SEED = 1904

_TENANT = """
INSERT INTO tenants (slug, name, timezone, currency, locale) VALUES (%s, %s, %s, %s, %s)
ON CONFLICT (slug) DO NOTHING RETURNING id
"""
_USER = "INSERT INTO users (tenant_id, name, email, role) VALUES (%s, %s, %s, %s) RETURNING id"
_DEMO = """
SELECT id, timezone, (SELECT max(placed_at) FROM orders WHERE tenant_id = tenants.id AND source = 'demo' AND placed_at <= %s)
FROM tenants WHERE slug = %s
"""
_SALESPEOPLE = "SELECT id FROM users WHERE tenant_id = %s AND role = 'sales' ORDER BY id"
# As `_order` does it: after a time that is mostly short, exponentially distributed. A person's orders are left alone.
_PAY_THE_OPEN = """
UPDATE orders SET paid_at = least(placed_at - ln(1 - random()) * make_interval(mins => %(pay)s), %(now)s)
WHERE tenant_id = %(tenant)s AND source = 'demo' AND status = 'placed' AND placed_at < %(now)s
"""
_SHIP_THE_OPEN = """
UPDATE orders SET shipped_at = least(paid_at - ln(1 - random()) * make_interval(mins => %(ship)s), %(now)s)
WHERE tenant_id = %(tenant)s AND source = 'demo' AND status = 'paid' AND paid_at < %(now)s - make_interval(mins => %(ship)s)
"""
_ORDERS = """
COPY orders (tenant_id, number, customer, owner_id, currency, total_minor, refunded_minor, refunded_at,
             placed_at, paid_at, shipped_at, cancelled_at, source) FROM STDIN
"""
_LINES = """
COPY order_lines (tenant_id, order_id, position, sku, product, quantity, unit_price_minor, total_minor) FROM STDIN
"""


@dataclass
class _Order:
    placed_at: datetime
    customer: str
    owner_id: int
    lines: tuple[NewLine, ...]
    paid_at: datetime | None = None
    shipped_at: datetime | None = None
    cancelled_at: datetime | None = None
    refunded_minor: int = 0
    refunded_at: datetime | None = None
    number: str = ""

    @property
    def total_minor(self) -> int:
        return sum(line.total_minor for line in self.lines)


def seed(database_url: str, now: datetime, weeks: int = WEEKS, timezone: str = company.TIMEZONE) -> bool:
    """Make the demo tenant, its people and `weeks` of orders up to `now`, in one transaction that fills no inbox.

    Only in a database without any tenant: where somebody's company is, no demo is wanted. Returns whether it made one.
    """
    dice = random.Random(_SEED)
    with session.connect(database_url, "demo customer") as conn:
        conn.execute("SET LOCAL doorbell.notify = off")
        if conn.execute("SELECT 1 FROM tenants LIMIT 1").fetchone():
            return False
        names = (company.SLUG, company.NAME, timezone, company.CURRENCY, company.LOCALE)
        row = conn.execute(_TENANT, names).fetchone()
        if row is None:
            return False  # another process was faster
        tenant_id = row[0]
        conn.execute(_USER, (tenant_id, *company.MANAGER, "manager"))
        owners = [_id(conn.execute(_USER, (tenant_id, *person, "sales"))) for person in company.SALESPEOPLE]
        _add(conn, tenant_id, _orders(dice, owners, now, weeks, ZoneInfo(timezone)))
    _analyze(database_url)
    return True


def catch_up(database_url: str, now: datetime) -> int:
    """Fill the time since the demo's last order with orders, in one transaction that fills no inbox; returns how many.

    What was open before that time is paid and shipped as it would have been. Does nothing where there is no demo, or where it
    was not away.
    """
    with session.connect(database_url, "demo customer") as conn:
        conn.execute("SET LOCAL doorbell.notify = off")
        tenant = conn.execute(_DEMO, (now, company.SLUG)).fetchone()
        if tenant is None or tenant[2] is None or now - tenant[2] < GAP:
            return 0
        tenant_id, zone, last = tenant[0], ZoneInfo(tenant[1]), max(tenant[2], now - timedelta(weeks=WEEKS))
        people = [row[0] for row in conn.execute(_SALESPEOPLE, (tenant_id,)).fetchall()][: len(company.SHARES)]
        if not people:
            return 0
        times = {"tenant": tenant_id, "now": now, "pay": company.MINUTES_TO_PAY, "ship": company.MINUTES_TO_SHIP}
        conn.execute(_PAY_THE_OPEN, times)
        conn.execute(_SHIP_THE_OPEN, times)
        dice = random.Random(f"{_SEED} {last.isoformat()}")
        days = (now.astimezone(zone).date() - last.astimezone(zone).date()).days
        missed = [order for order in _orders(dice, people, now, 0, zone, days) if order.placed_at > last]
        _add(conn, tenant_id, missed)
    _analyze(database_url)
    return len(missed)


def _add(conn: psycopg.Connection, tenant_id: int, made: Iterable[_Order]) -> None:
    """Write them, oldest first, under the tenant's next numbers. The newest few wait for their payment."""
    orders = sorted(made, key=lambda order: order.placed_at)
    for order in orders[-company.LEFT_PLACED :]:
        order.paid_at = order.shipped_at = order.cancelled_at = None
        order.refunded_minor, order.refunded_at = 0, None
    next_number = _id(conn.execute("SELECT next_number FROM tenants WHERE id = %s FOR UPDATE", (tenant_id,)))
    for number, order in enumerate(orders, next_number):
        order.number = str(number)
    _write(conn, tenant_id, orders)
    conn.execute("UPDATE tenants SET next_number = %s WHERE id = %s", (next_number + len(orders), tenant_id))


def _analyze(database_url: str) -> None:
    with session.connect(database_url, "demo customer", autocommit=True) as conn:
        conn.execute("ANALYZE orders, order_lines, order_events")  # the first page must not wait for autovacuum's


def _id(cursor: psycopg.Cursor[Any]) -> int:
    row = cursor.fetchone()
    assert row is not None
    return int(row[0])


def _orders(
    dice: random.Random, owners: list[int], now: datetime, weeks: int, zone: ZoneInfo, days: int = 0
) -> Iterator[_Order]:
    """Of `weeks` in which the company grew, or of the last `days` at its size of today; both with today, up to `now`."""
    today = now.astimezone(zone).date()
    for ago in range(weeks * 7 or days, -1, -1):
        day = today - timedelta(days=ago)
        growth = 1 - ago / (weeks * 7) / 3 if weeks else 1
        count = round(company.ORDERS_A_DAY * growth * company.BY_WEEKDAY[day.weekday()] * dice.uniform(0.92, 1.08))
        for placed_at in _moments(dice, day, count, zone):
            if placed_at <= now:
                yield _order(dice, owners, placed_at, now)


def _moments(dice: random.Random, day: date, count: int, zone: ZoneInfo) -> Iterator[datetime]:
    for hour in dice.choices(range(24), company.BY_HOUR, k=count):
        seconds = dice.uniform(0, 3600)
        yield datetime.combine(day, time(hour), zone) + timedelta(seconds=seconds)


def _order(dice: random.Random, owners: list[int], placed_at: datetime, now: datetime) -> _Order:
    """An order as far as it had come by `now`: most are paid within the hour and shipped within two days."""
    order = _Order(placed_at, company.customer(dice), company.salesperson(dice, owners), company.basket(dice))
    if dice.random() < 0.03:
        order.cancelled_at = _by(now, placed_at, dice.expovariate(1 / 90))
        return order
    order.paid_at = _by(now, placed_at, dice.expovariate(1 / company.MINUTES_TO_PAY))
    if order.paid_at is not None:
        order.shipped_at = _by(now, order.paid_at, 60 + dice.expovariate(1 / (company.MINUTES_TO_SHIP - 60)))
    if order.shipped_at is not None and dice.random() < 0.03:
        in_office_hours = order.shipped_at.replace(hour=dice.randrange(10, 18))
        order.refunded_at = _by(now, in_office_hours, 24 * 60)
    if order.refunded_at is not None:
        order.refunded_minor = order.total_minor // dice.choice((1, 2, 4))
    return order


def _by(now: datetime, start: datetime, minutes: float) -> datetime | None:
    moment = start + timedelta(minutes=minutes)
    return moment if moment <= now else None


def _write(conn: psycopg.Connection, tenant_id: int, orders: list[_Order]) -> None:
    with conn.cursor() as cursor, cursor.copy(_ORDERS) as copy:
        for o in orders:
            times = (o.placed_at, o.paid_at, o.shipped_at, o.cancelled_at)
            money = (company.CURRENCY, o.total_minor, o.refunded_minor, o.refunded_at)
            copy.write_row((tenant_id, o.number, o.customer, o.owner_id, *money, *times, "demo"))
    ids: dict[str, int] = dict(
        conn.execute("SELECT number, id FROM orders WHERE tenant_id = %s", (tenant_id,)).fetchall()
    )
    with conn.cursor() as cursor, cursor.copy(_LINES) as copy:
        for o in orders:
            for position, line in enumerate(o.lines, 1):
                figures = (line.quantity, line.unit_price_minor, line.total_minor)
                copy.write_row((tenant_id, ids[o.number], position, line.sku, line.product, *figures))
