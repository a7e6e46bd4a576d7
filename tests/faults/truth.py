"""The expected state, by SQL that shares nothing with the app: what pages must show, and the events that must exist."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import psycopg

from .shop import CUSTOMER

# How many recent orders are compared.
ROWS = 5

_TILES = """
WITH tenant AS (SELECT id, (now() AT TIME ZONE timezone)::date AS today, timezone FROM tenants WHERE id = %(tenant)s)
SELECT coalesce((SELECT sum(o.total_minor) FROM orders o
                  WHERE o.tenant_id = tenant.id AND (o.paid_at AT TIME ZONE timezone)::date = today), 0)
     - coalesce((SELECT sum(e.amount_minor) FROM order_events e
                  WHERE e.tenant_id = tenant.id AND e.type = 'refunded'
                    AND (e.occurred_at AT TIME ZONE timezone)::date = today), 0) AS revenue,
       (SELECT count(*) FROM orders o WHERE o.tenant_id = tenant.id AND o.status NOT IN ('cancelled', 'refunded')
           AND (o.placed_at AT TIME ZONE timezone)::date = today) AS orders,
       (SELECT count(*) FROM notifications n WHERE n.user_id = %(user)s AND n.read_at IS NULL) AS unread
FROM tenant
"""
_RECENT = """
SELECT number, total_minor, status FROM orders WHERE tenant_id = %(tenant)s ORDER BY placed_at DESC, id DESC LIMIT %(rows)s
"""
_EVENTS = """
SELECT o.number, array_remove(array_agg(e.type ORDER BY e.type), NULL)
FROM orders o LEFT JOIN order_events e ON e.tenant_id = o.tenant_id AND e.order_id = o.id
WHERE o.customer = %(customer)s GROUP BY o.number
"""
# No signed-in user acts here, so each change notifies the owner of the order, and the former one.
_NOTIFICATIONS = """
WITH expected AS (
    SELECT id AS event_id, owner_id AS user_id FROM order_events
    WHERE owner_id IS NOT NULL AND (type IN ('paid', 'shipped', 'cancelled', 'reassigned')
        OR type = 'refunded' AND amount_minor > 0 OR type = 'placed' AND new_values ->> 'status' = 'placed')
    UNION ALL
    SELECT id, (old_values ->> 'owner_id')::bigint FROM order_events
    WHERE type = 'reassigned' AND old_values ->> 'owner_id' IS NOT NULL
)
SELECT coalesce(e.event_id, n.event_id), count(n.id)
FROM expected e FULL JOIN notifications n ON n.event_id = e.event_id AND n.user_id = e.user_id
GROUP BY coalesce(e.event_id, n.event_id), coalesce(e.user_id, n.user_id)
HAVING count(n.id) <> 1 OR count(e.event_id) <> 1 LIMIT 5
"""


@dataclass(frozen=True)
class Board:
    """The text that a page shows, or must show."""

    revenue: str
    orders_today: str
    unread: str
    recent: tuple[str, ...]


def board(conn: psycopg.Connection, tenant_id: int, user_id: int) -> Board:
    """The board that the page of this user must show."""
    which = {"tenant": tenant_id, "user": user_id, "rows": ROWS}
    tiles = conn.execute(_TILES, which).fetchone()
    assert tiles is not None
    revenue, orders, unread = tiles
    recent = [f"{number} {money(total)} {status}" for number, total, status in conn.execute(_RECENT, which)]
    return Board(money(revenue), f"{orders:,}", badge(unread), tuple(recent))


def money(minor: int) -> str:
    return f"€{minor / 100:,.2f}"


def badge(unread: int) -> str:
    return "" if not unread else str(unread) if unread < 100 else "99+"


def lost_or_invented_events(conn: psycopg.Connection, committed: Mapping[str, Sequence[str]]) -> list[str]:
    """The differences between order_events and the committed changes, as text."""
    found = {number: sorted(types) for number, types in conn.execute(_EVENTS, {"customer": CUSTOMER})}
    numbers = sorted({*found, *committed})
    return [
        f"{number}: committed {committed.get(number)}, found {found.get(number)}"
        for number in numbers
        if found.get(number) != committed.get(number)
    ]


def wrong_notifications(conn: psycopg.Connection) -> list[str]:
    """Events that were notified more or less than once, and notifications without an event."""
    return [f"event {event} was notified {count} times" for event, count in conn.execute(_NOTIFICATIONS)]
