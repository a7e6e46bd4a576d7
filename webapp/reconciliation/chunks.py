"""The orders of a tenant in chunks, newest first, by their ids in `orders` and in `order_events`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg

# Limits of a chunk, so that no statement is long. Orders that were deleted have events only.
MAX_ORDERS, MAX_EVENTS = 2_000, 10_000

_HIGHEST = """
SELECT greatest((SELECT max(id) FROM orders WHERE tenant_id = %(tenant)s),
                (SELECT max(order_id) FROM order_events WHERE tenant_id = %(tenant)s))
"""
# Served by uq_orders_tenant_id_id and ix_order_events_order.
_LOW = """
SELECT greatest(
    (SELECT id FROM orders WHERE tenant_id = %(tenant)s AND id < %(high)s ORDER BY id DESC LIMIT 1 OFFSET %(orders)s),
    (SELECT order_id FROM order_events WHERE tenant_id = %(tenant)s AND order_id < %(high)s
     ORDER BY order_id DESC LIMIT 1 OFFSET %(events)s))
"""


@dataclass(frozen=True)
class Chunk:
    """The orders of a tenant with ids from `low` up to, but without, `high`."""

    tenant_id: int
    low: int
    high: int


def highest(conn: psycopg.Connection[Any], tenant_id: int) -> int:
    """The highest id of an order of the tenant, deleted ones included; 0 without any."""
    row = conn.execute(_HIGHEST, {"tenant": tenant_id}).fetchone()
    return int(row[0] or 0) if row else 0


def newest_first(conn: psycopg.Connection[Any], tenant_id: int) -> Iterator[Chunk]:
    """Chunks that cover all orders that exist now. Later orders are in none."""
    # Compiling takes longer than comparing a chunk.
    conn.execute("SET jit = off")
    high = highest(conn, tenant_id) + 1
    while high > 1:
        limits = {"orders": MAX_ORDERS - 1, "events": MAX_EVENTS - 1}
        row = conn.execute(_LOW, {"tenant": tenant_id, "high": high, **limits}).fetchone()
        low = int(row[0] or 0) if row else 0
        yield Chunk(tenant_id, low, high)
        high = low
