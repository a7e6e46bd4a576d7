"""The demo's past: weeks of orders with a weekly and daily pattern, the same for the same seed and time.

`seed` creates it once. `catch_up` fills the gap after the demo was stopped.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import psycopg

from ..orders.new_order import NewLine
from ..postgres import session
from . import company

# After this time without a new order the demo counts as stopped.
GAP = timedelta(minutes=30)
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
# As in `_order`, after an exponentially distributed time. Orders that users placed are left unchanged.
_PAY_THE_OPEN = """
UPDATE orders SET paid_at = least(placed_at - ln(1 - random()) * make_interval(mins => %(pay)s), %(now)s)
WHERE tenant_id = %(tenant)s AND source = 'demo' AND status = 'placed' AND placed_at < %(now)s
"""
_SHIP_THE_OPEN = """
UPDATE orders SET shipped_at = least(paid_at - ln(1 - random()) * make_interval(mins => %(ship)s), %(now)s)
WHERE tenant_id = %(tenant)s AND source = 'demo' AND status = 'paid' AND paid_at < %(now)s - make_interval(mins => %(ship)s)
"""
# PostgreSQL has no COPY into a table with row-level security, unless the role is a superuser or has BYPASSRLS.
_ORDERS = (
    "orders",
    "tenant_id, number, customer, owner_id, currency, total_minor, refunded_minor, refunded_at, placed_at, paid_at, "
    "shipped_at, cancelled_at, source",
)
_LINES = ("order_lines", "tenant_id, order_id, position, sku, product, quantity, unit_price_minor, total_minor")


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


def seed(database_url: str, now: datetime, weeks: int = company.WEEKS, timezone: str = company.TIMEZONE) -> bool:
    """Create the demo tenant, its users and `weeks` of orders up to `now`, in one transaction without notifications.

    Only in a database without any tenant, so that no real company gets a demo. Returns whether it was created.
    """
    rng = random.Random(_SEED)
    with session.connect(database_url, "demo customer") as conn:
        conn.execute("SET LOCAL doorbell.notify = off")
        if conn.execute("SELECT 1 FROM tenants LIMIT 1").fetchone():
            return False
        names = (company.SLUG, company.NAME, timezone, company.CURRENCY, company.LOCALE)
        row = conn.execute(_TENANT, names).fetchone()
        if row is None:
            return False  # another process created it
        tenant_id = row[0]
        for person, role in ((company.ADMIN, "admin"), (company.MANAGER, "manager"), (company.VIEWER, "viewer")):
            conn.execute(_USER, (tenant_id, *person, role))
        owners = [_id(conn.execute(_USER, (tenant_id, *person, "sales"))) for person in company.SALESPEOPLE]
        _add(conn, tenant_id, _orders(rng, owners, now, weeks, ZoneInfo(timezone)))
    _analyze(database_url)
    return True


def catch_up(database_url: str, now: datetime) -> int:
    """Add the orders since the demo's last order, in one transaction without notifications. Returns their number.

    Orders that were open before are paid and shipped, as they would have been. Does nothing without a demo, or if it was
    not stopped.
    """
    with session.connect(database_url, "demo customer") as conn:
        conn.execute("SET LOCAL doorbell.notify = off")
        tenant = conn.execute(_DEMO, (now, company.SLUG)).fetchone()
        if tenant is None or tenant[2] is None or now - tenant[2] < GAP:
            return 0
        tenant_id, zone, last = tenant[0], ZoneInfo(tenant[1]), max(tenant[2], now - timedelta(weeks=company.WEEKS))
        people = [row[0] for row in conn.execute(_SALESPEOPLE, (tenant_id,)).fetchall()][: len(company.SHARES)]
        if not people:
            return 0
        times = {"tenant": tenant_id, "now": now, "pay": company.MINUTES_TO_PAY, "ship": company.MINUTES_TO_SHIP}
        conn.execute(_PAY_THE_OPEN, times)
        conn.execute(_SHIP_THE_OPEN, times)
        rng = random.Random(f"{_SEED} {last.isoformat()}")
        days = (now.astimezone(zone).date() - last.astimezone(zone).date()).days
        missed = [order for order in _orders(rng, people, now, 0, zone, days) if order.placed_at > last]
        _add(conn, tenant_id, missed)
    _analyze(database_url)
    return len(missed)


def _add(conn: psycopg.Connection, tenant_id: int, new: Iterable[_Order]) -> None:
    """Write the orders, oldest first, with the tenant's next numbers. The newest few stay unpaid."""
    orders = sorted(new, key=lambda order: order.placed_at)
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
        # Without it the first pages are slow until autovacuum runs.
        conn.execute("ANALYZE orders, order_lines, order_events")


def _id(cursor: psycopg.Cursor[Any]) -> int:
    row = cursor.fetchone()
    assert row is not None
    return int(row[0])


def _orders(
    rng: random.Random, owners: list[int], now: datetime, weeks: int, zone: ZoneInfo, days: int = 0
) -> Iterator[_Order]:
    """Orders of `weeks` in which the company grew, or of the last `days` at its present size; both up to `now`."""
    today = now.astimezone(zone).date()
    for ago in range(weeks * 7 or days, -1, -1):
        day = today - timedelta(days=ago)
        growth = 1 - ago / (weeks * 7) / 3 if weeks else 1
        count = round(company.ORDERS_PER_DAY * growth * company.BY_WEEKDAY[day.weekday()] * rng.uniform(0.92, 1.08))
        for placed_at in _moments(rng, day, count, zone):
            if placed_at <= now:
                yield _order(rng, owners, placed_at, now)


def _moments(rng: random.Random, day: date, count: int, zone: ZoneInfo) -> Iterator[datetime]:
    for hour in rng.choices(range(24), company.BY_HOUR, k=count):
        seconds = rng.uniform(0, 3600)
        yield datetime.combine(day, time(hour), zone) + timedelta(seconds=seconds)


def _order(rng: random.Random, owners: list[int], placed_at: datetime, now: datetime) -> _Order:
    """An order with its state at `now`: most are paid within the hour and shipped within two days."""
    order = _Order(placed_at, company.customer(rng), company.salesperson(rng, owners), company.basket(rng))
    if rng.random() < 0.03:
        order.cancelled_at = _by(now, placed_at, rng.expovariate(1 / 90))
        return order
    order.paid_at = _by(now, placed_at, rng.expovariate(1 / company.MINUTES_TO_PAY))
    if order.paid_at is not None:
        order.shipped_at = _by(now, order.paid_at, 60 + rng.expovariate(1 / (company.MINUTES_TO_SHIP - 60)))
    if order.shipped_at is not None and rng.random() < 0.03:
        in_office_hours = order.shipped_at.replace(hour=rng.randrange(10, 18))
        order.refunded_at = _by(now, in_office_hours, 24 * 60)
    if order.refunded_at is not None:
        order.refunded_minor = order.total_minor // rng.choice((1, 2, 4))
    return order


def _by(now: datetime, start: datetime, minutes: float) -> datetime | None:
    moment = start + timedelta(minutes=minutes)
    return moment if moment <= now else None


@contextmanager
def _copy(cursor: psycopg.Cursor, table: str, columns: str) -> Iterator[psycopg.Copy]:
    """As COPY of these columns into the table, by a temporary one."""
    cursor.execute(f"CREATE TEMP TABLE demo_{table} ON COMMIT DROP AS SELECT {columns} FROM {table} LIMIT 0")  # noqa: S608 - constants
    with cursor.copy(f"COPY demo_{table} FROM STDIN") as copy:
        yield copy
    cursor.execute(f"INSERT INTO {table} ({columns}) SELECT {columns} FROM demo_{table}")  # noqa: S608 - constants


def _write(conn: psycopg.Connection, tenant_id: int, orders: list[_Order]) -> None:
    with conn.cursor() as cursor, _copy(cursor, *_ORDERS) as copy:
        for o in orders:
            times = (o.placed_at, o.paid_at, o.shipped_at, o.cancelled_at)
            money = (company.CURRENCY, o.total_minor, o.refunded_minor, o.refunded_at)
            copy.write_row((tenant_id, o.number, o.customer, o.owner_id, *money, *times, "demo"))
    ids: dict[str, int] = dict(
        conn.execute("SELECT number, id FROM orders WHERE tenant_id = %s", (tenant_id,)).fetchall()
    )
    with conn.cursor() as cursor, _copy(cursor, *_LINES) as copy:
        for o in orders:
            for position, line in enumerate(o.lines, 1):
                figures = (line.quantity, line.unit_price_minor, line.total_minor)
                copy.write_row((tenant_id, ids[o.number], position, line.sku, line.product, *figures))
