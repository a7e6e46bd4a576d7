"""The doorbell: one connection that LISTENs, and the lock that says who answers it.

A ring only says "look". The tables are the truth, so a lost ring costs at most the time to the next safety drain.
"""

from __future__ import annotations

from typing import Any

import psycopg

CHANNEL = "doorbell_v1"
LEADER_LOCK = 0x00D0_0BE1  # advisory, a database's own: whoever holds it drains the outbox
CONNECT_SECONDS = 5
# A vanished host sends no RST: the kernel asks after 5 s of silence and gives up about 9 s after the last answer.
KEEPALIVE: dict[str, Any] = {
    "keepalives": 1,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 2,
    "tcp_user_timeout": 9000,
}


class NotAPrimary(psycopg.OperationalError):
    """The server is a replica: it delivers no NOTIFY. Give the primary's address in DATABASE_URL."""


def connect(database_url: str, application_name: str = "doorbell listener") -> psycopg.Connection:
    """A connection for one reader of the outbox: autocommit, so that no snapshot and no NOTIFY waits in a transaction."""
    conn = psycopg.connect(
        database_url, autocommit=True, application_name=application_name, connect_timeout=CONNECT_SECONDS, **KEEPALIVE
    )
    row = conn.execute("SELECT pg_is_in_recovery()").fetchone()
    if row and row[0]:
        conn.close()
        raise NotAPrimary("DATABASE_URL leads to a replica; it delivers no NOTIFY. Give the primary's address.")
    return conn


def try_lead(conn: psycopg.Connection) -> bool:
    """Take the leader's lock if it is free. It is held until the connection ends, so a killed leader frees it at once."""
    row = conn.execute("SELECT pg_try_advisory_lock(%s)", [LEADER_LOCK]).fetchone()
    return bool(row and row[0])


def listen(conn: psycopg.Connection) -> None:
    conn.execute(f"LISTEN {CHANNEL}")


def wait_for_ring(conn: psycopg.Connection, seconds: float) -> bool:
    """Wait until somebody rings, at most `seconds`; says whether anybody did. Rings that came meanwhile count."""
    rang = False
    for _ring in conn.notifies(timeout=seconds, stop_after=1):
        rang = True
    return rang
