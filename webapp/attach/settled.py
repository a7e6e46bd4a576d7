"""Whether a transaction from before the end of the backfill is still running.

Such a transaction, with REPEATABLE READ, does not see the orders of the last chunks: its DELETE of a row finds no order. So
the check that follows the backfill waits for its end.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import psycopg

from .attachments import Attachment

# backend_xmin and backend_xid are shown for sessions of all roles. A prepared transaction has no session.
_OLDER = """
SELECT count(*), min(pid) FROM (
    SELECT a.pid FROM pg_stat_activity a
    WHERE a.datname = current_database() AND a.pid <> pg_backend_pid() AND a.backend_type <> 'autovacuum worker'
        AND (age(a.backend_xmin) >= age(%(fence)s::xid8::xid) OR age(a.backend_xid) >= age(%(fence)s::xid8::xid))
    UNION ALL
    SELECT 0 FROM pg_prepared_xacts p
    WHERE p.database = current_database() AND age(p.transaction) >= age(%(fence)s::xid8::xid)
) AS older (pid)
"""


def older_transactions(conn: psycopg.Connection[Any], attachment: Attachment) -> tuple[int, int | None]:
    """How many there are, and the process id of one; 0 for a prepared transaction."""
    if attachment.fence is None:
        return 0, None
    row = conn.execute(_OLDER, {"fence": attachment.fence}).fetchone()
    assert row is not None
    return row[0], row[1]


def wait(
    conn: psycopg.Connection[Any],
    attachment: Attachment,
    seconds: float,
    waiting: Callable[[int, int], None] | None = None,
) -> bool:
    """Wait until there are none; False after `seconds`. `waiting` gets their number and the process id of one, once."""
    deadline = time.monotonic() + seconds
    told = False
    while True:
        count, pid = older_transactions(conn, attachment)
        if not count:
            return True
        if waiting and not told:
            waiting(count, pid or 0)
            told = True
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
