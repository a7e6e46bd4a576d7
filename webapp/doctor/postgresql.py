"""Check of PostgreSQL: it answers, is new enough, and is a primary that accepts writes, without a transaction pooler."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg

from ..postgres import faults
from ..postgres.session import ReadOnly
from .finding import Finding, fault, ok, warn
from .system import System, rows

# 14.0, in the form of server_version_num.
MIN_VERSION = 140000
_SETTING = "default_transaction_read_only"
_STATE = "SELECT pg_is_in_recovery() AS replica, current_setting('transaction_read_only') = 'on' AS read_only"


def check(system: System) -> Iterator[Finding]:
    try:
        conn = system.postgresql()
    except psycopg.Error as error:
        yield _refused(error)
        return
    with conn:
        (row,) = rows(conn, _STATE)
        version = conn.info.parameter_status("server_version") or str(conn.info.server_version)
        if conn.info.server_version < MIN_VERSION:
            yield fault(
                f"PostgreSQL {version}; {MIN_VERSION // 10000} or newer is needed",
                "Upgrade the server, then run flask doctor again.",
            )
        if row["replica"]:
            yield fault(
                "a replica, in recovery: it accepts no orders and delivers no NOTIFY",
                "Give the primary's address in DATABASE_URL, or promote this server.",
                away="PostgreSQL is a replica",
            )
        elif row["read_only"]:
            yield fault(ReadOnly.seen, f"{ReadOnly.advice} ALTER ROLE … or ALTER DATABASE … SET {_SETTING} = off;")
        if is_through_a_pooler(conn):
            yield warn(
                "the connection goes through a pooler: another process answers than the one that accepted it",
                "LISTEN and advisory locks need a session. Give PostgreSQL's own address, or pool by session.",
            )
        yield ok(f"PostgreSQL {version}, a primary")


def is_through_a_pooler(conn: psycopg.Connection) -> bool:
    """Whether another server process answers than the one that accepted the connection."""
    (row,) = rows(conn, "SELECT pg_backend_pid() AS pid")
    return conn.info.backend_pid != int(row["pid"])


def _refused(error: psycopg.Error) -> Finding:
    seen, advice = faults.refusal(error)
    return fault(seen, advice, away="PostgreSQL does not answer")
