"""Partitions of order_events, one a month, made before they are needed."""

from __future__ import annotations

import psycopg

MONTHS_AHEAD = 2


def make_ahead(database_url: str) -> None:
    """Make this month's partition and the next ones where they are missing.

    A new partition locks the default one for a moment, and every order written meanwhile queues behind that request, so
    it gives up after 2 s (psycopg.errors.LockNotAvailable) and the next run tries again.
    """
    with psycopg.connect(database_url, application_name="doorbell partitions", connect_timeout=5) as conn:
        conn.execute("SET LOCAL lock_timeout = '2s'")
        conn.execute("SELECT order_events_make_partitions(%s)", [MONTHS_AHEAD])
