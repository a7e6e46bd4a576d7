"""Partitions of order_events, one a month, made before they are needed."""

from __future__ import annotations

from dataclasses import dataclass

import psycopg

MONTHS_AHEAD = 2
STRAYS_COUNTED = 1000

_STATE = """
SELECT (SELECT count(*) FROM pg_inherits JOIN pg_class AS c ON c.oid = inhrelid
        WHERE inhparent = 'order_events'::regclass AND c.relname ~ '^order_events_[0-9]{4}_[0-9]{2}$'
          AND c.relname::text COLLATE "C" > 'order_events_' || to_char(now() AT TIME ZONE 'UTC', 'YYYY_MM')),
       (SELECT count(*) FROM (SELECT FROM order_events_default LIMIT %s) AS strays)
"""


@dataclass(frozen=True)
class Partitions:
    """How many coming months have theirs, and how many events (counted up to STRAYS_COUNTED) came in a month without."""

    ahead: int
    strays: int


def make_ahead(database_url: str) -> Partitions:
    """Make this month's partition and the next ones where they are missing; returns what there is then.

    A new partition locks the default one for a moment, and every order written meanwhile queues behind that request, so
    it gives up after 2 s (psycopg.errors.LockNotAvailable) and the next run tries again.
    """
    with psycopg.connect(database_url, application_name="doorbell partitions", connect_timeout=5) as conn:
        conn.execute("SET LOCAL lock_timeout = '2s'")
        conn.execute("SELECT order_events_make_partitions(%s)", [MONTHS_AHEAD])
        conn.commit()  # its locks are not held while the rest is counted
        ahead, strays = conn.execute(_STATE, [STRAYS_COUNTED]).fetchone() or (0, 0)
    return Partitions(ahead, strays)
