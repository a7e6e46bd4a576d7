"""Mine: each user's own revenue, orders, rank, open orders and to-dos.

One statement reads the figures of the whole team, and one their targets, so many watching salespeople cost two queries. Each
user sees their own part only (panels/personal.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row

from ..accounts.permissions import SELLING_ROLES
from ..language import lazy_gettext
from ..models import Tenant
from . import people_targets
from .day import Today, today
from .own_figures import OwnFigures, Rank, TeamFigures, ToDo, rank
from .own_orders import TeamStatement
from .target_progress import periods_of

# Of the unpaid orders of a salesperson, and of those to ship. A company that never marks orders as shipped has all orders
# open.
MAX_COUNTED = 100
# Shown of each kind, and in all.
TODOS, MAX_TODOS = 3, 4
# Days after which an unpaid order is a to-do.
UNPAID_DAYS = 1
DEFINITION = lazy_gettext(
    "Your revenue today (paid less refunded) and your orders placed today that are neither cancelled nor refunded in full, as"
    " in Salespeople today. Compared with the same time yesterday and a week ago. Your rank counts all salespeople; equal"
    " revenues share a rank. The month is the days before today, refreshed every 30 seconds, and today. To do are your oldest"
    " paid orders that are not shipped, and orders unpaid for %(days)s day or longer.",
    days=UNPAID_DAYS,
)

# Served by ix_orders_paid, ix_order_events_refunds, ix_orders_recent, pk_rollups_daily and ix_orders_owner_status.
# Each part is summed by itself, which takes half of the time of sums over all rows.
_REVENUE = """
        SELECT owner_id, {part} AS part, sum(total_minor) AS revenue, 0 AS orders FROM orders
        WHERE tenant_id = :tenant /* own */ AND paid_at >= :{start} AND paid_at < :{end} GROUP BY owner_id
        UNION ALL
        SELECT o.owner_id, {part}, -sum(e.amount_minor), 0 FROM order_events e
        JOIN orders o ON o.tenant_id = e.tenant_id AND o.id = e.order_id
        WHERE e.tenant_id = :tenant /* own o */ AND e.type = 'refunded' AND e.occurred_at >= :{start} AND e.occurred_at < :{end}
        GROUP BY o.owner_id
"""
_PLACED = """
        SELECT owner_id, NULL, 0, count(*) FROM orders
        WHERE tenant_id = :tenant /* own */ AND status NOT IN ('cancelled', 'refunded')
            AND placed_at >= :start AND placed_at < :end
        GROUP BY owner_id
"""
_DAYS = (("0", "start", "end"), ("1", "yesterday_start", "yesterday_now"), ("7", "last_week_start", "last_week_now"))
_PARTS = [*(_REVENUE.format(part=part, start=start, end=end) for part, start, end in _DAYS), _PLACED]
# The index has the oldest order last, so both read its end.
_OPEN = """
    LEFT JOIN LATERAL (
        SELECT count(*) AS counted FROM (
            SELECT FROM orders WHERE tenant_id = :tenant AND owner_id = u.id AND status = '{status}' LIMIT :max_counted
        ) AS counting
    ) AS {status}_orders ON true
    LEFT JOIN LATERAL (
        SELECT jsonb_agg(
            jsonb_build_array(id, number, customer, total_minor, extract(epoch FROM {at})) ORDER BY placed_at, id
        ) AS oldest
        FROM (SELECT * FROM orders WHERE tenant_id = :tenant AND owner_id = u.id AND status = '{status}'
              ORDER BY placed_at, id LIMIT :todos) AS listed
    ) AS {status}_todos ON true
"""
SQL = TeamStatement(f"""
    WITH moves AS ({" UNION ALL ".join(_PARTS)}),
    sums AS (
        SELECT owner_id,
               coalesce(sum(revenue) FILTER (WHERE part = 0), 0)::bigint AS revenue,
               coalesce(sum(revenue) FILTER (WHERE part = 1), 0)::bigint AS yesterday,
               coalesce(sum(revenue) FILTER (WHERE part = 7), 0)::bigint AS week_ago,
               coalesce(sum(orders), 0)::bigint AS orders, coalesce(bool_or(part = 0), false) AS has_sales
        FROM moves WHERE owner_id IS NOT NULL GROUP BY owner_id
    ),
    days AS (
        SELECT owner_id, coalesce(sum(revenue_minor) FILTER (WHERE day >= :week), 0)::bigint AS week,
               coalesce(sum(revenue_minor) FILTER (WHERE day >= :month), 0)::bigint AS month,
               bool_or(day >= :month AND (revenue_minor <> 0 OR paid_orders > 0)) AS has_sales
        FROM rollups_daily WHERE tenant_id = :tenant /* own */ AND day >= :first AND day < :date GROUP BY owner_id
    )
    SELECT u.id, u.role = ANY(:selling) AND u.disabled_at IS NULL AS sells, sums.revenue, sums.yesterday, sums.week_ago,
           sums.orders, sums.has_sales, days.week, days.month, days.has_sales AS has_sales_in_month,
           placed_orders.counted AS unpaid, placed_todos.oldest AS oldest_unpaid,
           paid_orders.counted AS to_ship, paid_todos.oldest AS oldest_to_ship
    FROM users u LEFT JOIN sums ON sums.owner_id = u.id LEFT JOIN days ON days.owner_id = u.id
    {_OPEN.format(status="placed", at="placed_at")} {_OPEN.format(status="paid", at="paid_at")}
    WHERE u.tenant_id = :tenant /* own u.id */
        AND (u.disabled_at IS NULL OR sums.owner_id IS NOT NULL OR days.owner_id IS NOT NULL)
""")  # noqa: S608 - only our constants


def read(tenant: Tenant, now: datetime, owner_id: int | None = None) -> TeamFigures:
    """The figures of all users who are not disabled, and of disabled ones with sales; or of one user, without ranks."""
    day, zone = today(tenant.timezone, now), ZoneInfo(tenant.timezone)
    begins = {period: first for period, (first, _last) in periods_of(day.date).items() if period != "day"}
    limits = {"first": min(begins.values()), "max_counted": MAX_COUNTED, "todos": TODOS, "selling": list(SELLING_ROLES)}
    values = {"tenant": tenant.id, "date": day.date, **begins, **day.bounds, **limits}
    rows = SQL.execute(owner_id, values).all()
    ranks = _Ranks(rows) if tenant.shows_ranking and owner_id is None else None
    people = {row.id: _figures(row, day, zone, ranks) for row in rows}
    targets = people_targets.read(tenant, now, {user_id: own.by_period for user_id, own in people.items()})
    with_targets = {
        user_id: replace(people[user_id], targets=found) for user_id, found in targets.items() if user_id in people
    }
    return TeamFigures(day.date, people | with_targets)


class _Ranks:
    """The revenues of today and of the month: of those who sell, and of all others with sales."""

    def __init__(self, rows: Sequence[Row[Any]]) -> None:
        self._today = sorted(row.revenue or 0 for row in rows if row.sells or row.has_sales)
        self._month = sorted(_month(row) for row in rows if row.sells or row.has_sales or row.has_sales_in_month)

    def of(self, row: Row[Any]) -> tuple[Rank, Rank]:
        has_sales_in_month = row.has_sales or row.has_sales_in_month
        return (
            rank(row.revenue if row.has_sales else None, self._today),
            rank(_month(row) if has_sales_in_month else None, self._month),
        )


def _month(row: Row[Any]) -> int:
    return int((row.month or 0) + (row.revenue or 0))


def _figures(row: Row[Any], day: Today, zone: ZoneInfo, ranks: _Ranks | None) -> OwnFigures:
    rank_today, rank_month = ranks.of(row) if ranks else (None, None)
    return OwnFigures(
        user_id=row.id,
        today=day.date,
        revenue_minor=row.revenue or 0,
        yesterday_minor=row.yesterday or 0,
        last_week_minor=row.week_ago or 0,
        orders=row.orders or 0,
        week_minor=(row.week or 0) + (row.revenue or 0),
        month_minor=_month(row),
        unpaid=row.unpaid,
        to_ship=row.to_ship,
        todos=_todos(row, day.date, zone),
        rank_today=rank_today,
        rank_month=rank_month,
        sells=row.sells,
        owns=any(value is not None for value in (row.revenue, row.month)) or bool(row.unpaid + row.to_ship),
    )


def _todos(row: Row[Any], day: date, zone: ZoneInfo) -> tuple[ToDo, ...]:
    """Orders to ship come first, the oldest first."""
    ship = [_todo("ship", order, day, zone) for order in row.oldest_to_ship or ()]
    collect = [_todo("collect", order, day, zone) for order in row.oldest_unpaid or ()]
    return (*ship, *(todo for todo in collect if todo.days >= UNPAID_DAYS))[:MAX_TODOS]


def _todo(action: str, order: Sequence[Any], day: date, zone: ZoneInfo) -> ToDo:
    order_id, number, customer, total_minor, since = order
    days = (day - datetime.fromtimestamp(since, zone).date()).days
    return ToDo(action, order_id, number, customer, total_minor, max(0, days))
