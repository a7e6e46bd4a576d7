"""Writes the missing events of orders, chunk by chunk, beside writers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import Any

import psycopg

from . import chunks, missing_events
from .missing_events import MissingEvent

# Orders per transaction, which locks their rows until it ends.
BATCH_ORDERS = 500
# Advisory lock: one run at a time, because a deleted order has no row to lock.
_LOCK = 0x00D0_0BE6
# In the order of ids, so that no two writers of many orders deadlock. An event is written under its order's row lock, so the
# events of a locked order cannot change before the next statement reads them.
_LOCK_ORDERS = "SELECT FROM orders WHERE tenant_id = %s AND id = ANY (%s) ORDER BY id FOR NO KEY UPDATE"


def find(
    conn: psycopg.Connection[Any], tenant_id: int, progress: Callable[[int], None] | None = None
) -> Iterator[list[MissingEvent]]:
    """The missing events of a tenant, one list per chunk. `progress` gets the number of ids that a chunk spans."""
    for chunk in chunks.newest_first(conn, tenant_id):
        yield missing_events.find(conn, chunk)
        if progress:
            progress(chunk.high - chunk.low)


def reconcile(
    conn: psycopg.Connection[Any],
    tenant_id: int,
    dated: str = missing_events.DATES[0],
    progress: Callable[[int], None] | None = None,
) -> Iterator[list[MissingEvent]]:
    """Write the missing events of a tenant; yields those that were written, one list per transaction.

    Each batch is a transaction, so `conn` is in autocommit. A second run waits for the first. Inboxes stay as they are. A
    refund is dated `orders.refunded_at`. Where that is null, it is dated now, or with `dated="paid"` at the payment.
    """
    conn.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
    try:
        for found in find(conn, tenant_id, progress):
            orders = [order_id for order_id, _ in groupby(found, lambda missing: missing.order_id)]
            for start in range(0, len(orders), BATCH_ORDERS):
                yield _repair(conn, tenant_id, orders[start : start + BATCH_ORDERS], dated)
    finally:
        if not conn.broken:
            conn.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])


def _repair(conn: psycopg.Connection[Any], tenant_id: int, orders: Sequence[int], dated: str) -> list[MissingEvent]:
    """Lock these orders, compare them again, and write what is still missing."""
    with conn.transaction():
        conn.execute("SET LOCAL doorbell.notify = off")
        conn.execute(_LOCK_ORDERS, [tenant_id, list(orders)])
        return missing_events.write(conn, tenant_id, orders, dated)
