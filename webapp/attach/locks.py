"""Short waits for locks on a company's table: a statement that waits long would make every writer behind it wait too."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, TypeVar

import psycopg
from psycopg import errors, sql

from .errors import AttachRefused

LOCK_TIMEOUT_MS = 200
# Between two tries. Each is at most LOCK_TIMEOUT_MS in the way of other writers.
PAUSE_SECONDS = (0.2, 0.5, 1.0, 2.0)
GIVE_UP_SECONDS = 60.0
# Upper half of the advisory locks; the lower half is the attachment's id. One backfill or check at a time.
ATTACH_LOCK = 0x00D0_0BE5 << 32

_HOLDERS = """
SELECT l.pid, a.application_name, a.usename, coalesce(a.state, 'active'), l.mode
FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
WHERE l.relation = %s AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND l.granted AND l.pid <> pg_backend_pid() ORDER BY 1 LIMIT 3
"""

T = TypeVar("T")


def with_retries(
    conn: psycopg.Connection[Any], oid: int, name: str, work: Callable[[], T], give_up_seconds: float = GIVE_UP_SECONDS
) -> T:
    """Do `work` in a transaction that waits LOCK_TIMEOUT_MS for each lock, and again until it succeeds.

    Raises AttachRefused with the sessions in the way after `give_up_seconds`.
    """
    deadline = time.monotonic() + give_up_seconds
    tries = 0
    while True:
        try:
            with conn.transaction():
                conn.execute(sql.SQL("SET LOCAL lock_timeout = {}").format(sql.Literal(f"{LOCK_TIMEOUT_MS}ms")))
                return work()
        except (errors.LockNotAvailable, errors.DeadlockDetected) as error:
            if time.monotonic() > deadline:
                raise AttachRefused(_in_the_way(conn, oid, name, give_up_seconds)) from error
        time.sleep(PAUSE_SECONDS[min(tries, len(PAUSE_SECONDS) - 1)])
        tries += 1


def try_hold(conn: psycopg.Connection[Any], attachment_id: int) -> bool:
    """Try to get the lock of an attachment's backfill and check, for this session."""
    row = conn.execute("SELECT pg_try_advisory_lock(%s)", [ATTACH_LOCK + attachment_id]).fetchone()
    return row is not None and bool(row[0])


def release(conn: psycopg.Connection[Any], attachment_id: int) -> None:
    conn.execute("SELECT pg_advisory_unlock(%s)", [ATTACH_LOCK + attachment_id])


def _in_the_way(conn: psycopg.Connection[Any], oid: int, name: str, seconds: float) -> str:
    holders = [
        f"process {pid} ({program or 'no name'} of {user}, {state}, {mode})"
        for pid, program, user, state, mode in conn.execute(_HOLDERS, [oid])
    ]
    seen = "; ".join(holders) or "sessions that have ended since"
    return (
        f"{name} was locked by {seen} for {seconds:.0f} s. Triggers need a lock of a moment, which waits for "
        "open transactions. "
        "End them, then run the same command again; it continues."
    )
