"""The two advisory locks of a database: which session drains its outbox, and whether writers need to ring.

PostgreSQL frees an advisory lock when the session that holds it ends, so a killed leader frees both at once.
"""

from __future__ import annotations

from typing import Any

import psycopg

# The holder is the leader: it drains the outbox.
LEADER_LOCK = 0x00D0_0BE1
# Held by an awake leader. Writers that cannot share it need not ring (migrations/sql).
QUIET_LOCK = 0x00D0_0BE3


def try_lead(conn: psycopg.Connection[Any]) -> bool:
    """Take the leader's lock if it is free; returns whether this session holds it now."""
    return try_acquire(conn, LEADER_LOCK)


def try_acquire(conn: psycopg.Connection[Any], lock: int) -> bool:
    row = conn.execute("SELECT pg_try_advisory_lock(%s)", [lock]).fetchone()
    return bool(row and row[0])


def release(conn: psycopg.Connection[Any], lock: int) -> None:
    conn.execute("SELECT pg_advisory_unlock(%s)", [lock])
