"""PostgreSQL answers, is new enough, is a primary, and whether a pooler stands before it."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg

from .finding import Finding, fault, ok, warn
from .system import System, rows

LEAST_VERSION = 140000  # as PostgreSQL counts: 14.0

# What libpq says, and what to do about it; the last is for everything else.
_REFUSALS = (
    (
        "startup parameter",
        "DATABASE_URL leads to a pooler that refuses session settings. Give PostgreSQL's own address.",
    ),
    ("resolve host", "See host and port in DATABASE_URL; special characters in the password are written as %XX."),
    ("authentication failed", "See user and password in DATABASE_URL."),
    ("pg_hba.conf", "Let this host in: a line in PostgreSQL's pg_hba.conf."),
    ("does not exist", "See user and database in DATABASE_URL; createdb and createuser make them."),
    ("connection slots", "Raise max_connections, or start fewer processes."),
    ("too many clients", "Raise max_connections, or start fewer processes."),
    ("", "See whether it runs, and takes connections from this host at the address in DATABASE_URL."),
)


def look(system: System) -> Iterator[Finding]:
    try:
        conn = system.postgresql()
    except psycopg.Error as error:
        yield _refused(error)
        return
    with conn:
        (row,) = rows(conn, "SELECT pg_is_in_recovery() AS replica")
        version = conn.info.parameter_status("server_version") or str(conn.info.server_version)
        if conn.info.server_version < LEAST_VERSION:
            yield fault(
                f"PostgreSQL {version}; {LEAST_VERSION // 10000} or newer is needed",
                "Upgrade the server, then come back.",
            )
        if row["replica"]:
            yield fault(
                "a replica, in recovery: it takes no orders and delivers no NOTIFY",
                "Give the primary's address in DATABASE_URL, or promote this server.",
                away="PostgreSQL is a replica",
            )
        if is_through_a_pooler(conn):
            yield warn(
                "a pooler stands between: the session's process is not the one that was connected to",
                "LISTEN and advisory locks need a session. Give PostgreSQL's own address, or pool by session.",
            )
        yield ok(f"PostgreSQL {version}, a primary")


def is_through_a_pooler(conn: psycopg.Connection) -> bool:
    """Whether the process that answers is another than the one that was named when the connection was made."""
    (row,) = rows(conn, "SELECT pg_backend_pid() AS pid")
    return conn.info.backend_pid != int(row["pid"])


def _refused(error: psycopg.Error) -> Finding:
    text = " ".join(str(error).split())
    if isinstance(error, psycopg.ProgrammingError) or "connection option" in text:
        # libpq quotes what it cannot read, which may be half a password.
        return fault(
            "DATABASE_URL is no address that PostgreSQL's library can read",
            "Write postgresql://user:password@host/doorbell, with %XX for special characters in the password.",
            away="PostgreSQL does not answer",
        )
    advice = next(advice for words, advice in _REFUSALS if words in text)
    return fault(f"does not answer: {text:.300}", advice, away="PostgreSQL does not answer")
