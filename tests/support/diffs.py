"""Diffs of a reader `relay`, for tests."""

from __future__ import annotations

import psycopg

from webapp.outbox.diff import Diff
from webapp.outbox.reader import Reader

RELAY = Reader("relay")
_EVENTS = """
INSERT INTO order_events (tenant_id, order_id, type, via, occurred_at)
SELECT %s, n, CASE WHEN n %% %s = 0 THEN 'paid' ELSE 'edited' END, 'test', now() FROM generate_series(1, %s) AS n
"""


def many_events(conn: psycopg.Connection, tenant: int, count: int, paid_each: int = 1) -> None:
    conn.execute(_EVENTS, [tenant, paid_each, count])


def begun(conn: psycopg.Connection, reader: Reader = RELAY) -> Diff:
    diff = reader.begin(conn)
    assert diff is not None
    return diff


def all_orders(diff: Diff, limit: int) -> list[list[int]]:
    """The orders of each page, to the end of the diff."""
    pages = []
    while events := diff.read(limit):
        pages.append([event.order_id for event in events])
        diff.advance(events[-1].id)
    diff.finish()
    return pages
