"""Opens every session of Doorbell, SQLAlchemy's too, with the same settings.

Settings that a role, a database or a server has for use with psql (a DateStyle, a time zone, an isolation level, a time limit)
must not change what Doorbell reads and writes. SQL sets them after connecting, because a pooler refuses most of them as
start-up options. That costs one round trip per connection and none per statement.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import psycopg
from psycopg import generators
from psycopg.abc import AdaptContext

# Raised by `Connection.wait` with a timeout. The only private name of psycopg that we use.
from psycopg.errors import _WaitTimeout as WaitTimeout
from psycopg.rows import TupleRow

CONNECT_SECONDS = 5
# A pooler that gives no second session within this time pools by session.
PROBE_SECONDS = 2.0

# Doorbell's statements and the parsing of their results rely on these.
SETTINGS = {
    "client_encoding": "UTF8",
    "DateStyle": "ISO, MDY",
    "IntervalStyle": "postgres",
    "TimeZone": "UTC",
    "standard_conforming_strings": "on",
    "default_transaction_isolation": "read committed",
    "default_transaction_deferrable": "off",
    "plan_cache_mode": "auto",  # a trigger keeps its plan
    # No tenant. A pooler that does not reset its sessions must not pass on one that served a single tenant (tenancy.py).
    "doorbell.tenant": "",
}
# For jobs of any length. A limit on the role, meant for its users, must not end them.
NO_LIMITS = {
    "statement_timeout": "0",
    "lock_timeout": "0",
    "idle_session_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
}
# For pages: an open transaction or a slow query must not hold every connection of the pool. No query of a page is long enough
# for parallel workers or for compiling. At ten million orders, starting workers took 60 of the 70 ms of the revenue tile.
PAGE_LIMITS = {
    "statement_timeout": "15s",
    "lock_timeout": "3s",
    "max_parallel_workers_per_gather": "0",
    "jit": "off",
}

_pooled_by_session: set[str] = set()  # addresses with such a pooler


class Unusable(psycopg.OperationalError):
    """The server responds, but Doorbell cannot use it. `seen` is the reason, `advice` what to do."""

    seen, advice = "", ""

    def __init__(self) -> None:
        super().__init__(f"{self.seen}. {self.advice}")


class NotAPrimary(Unusable):
    """The server is a standby: it is read-only and delivers no NOTIFY."""

    seen = "DATABASE_URL leads to a replica: the server is read-only and delivers no NOTIFY"
    advice = "Give the primary's address."


class ReadOnly(Unusable):
    """The server is a primary, but a setting of the role, the database or the server makes transactions read-only."""

    seen = "the server is read-only: default_transaction_read_only is on for this role, database or server"
    advice = "Set it off, or name another role in DATABASE_URL."


class PooledByTransaction(Unusable):
    """A pooler gives each transaction another session, so no setting, lock or LISTEN lasts."""

    seen = (
        "DATABASE_URL leads to a pooler that gives each transaction another session (PgBouncer's pool_mode transaction "
        "or statement); settings, locks and LISTEN need one that stays"
    )
    advice = "Give PostgreSQL's own address, or one of a pool in session mode (pool_mode = session)."


def connect(
    database_url: str,
    application_name: str,
    *,
    autocommit: bool = False,
    limits: Mapping[str, str] = NO_LIMITS,
    writes: bool = True,
    connect_seconds: int = CONNECT_SECONDS,
    prepared: bool = False,
    kind: type[psycopg.Connection[TupleRow]] = psycopg.Connection,
    context: AdaptContext | None = None,
    **options: Any,
) -> psycopg.Connection[TupleRow]:
    """A session with SETTINGS and `limits`; `options` are libpq's.

    Unless `prepared`, each statement is planned for its own values. Otherwise psycopg prepares it at its sixth run, and a
    plan for all tenants and days can be many times slower.

    Raises psycopg.OperationalError: PooledByTransaction, and NotAPrimary or ReadOnly if it `writes`.
    """
    options |= {"application_name": application_name, "connect_timeout": connect_seconds}
    conn: psycopg.Connection[TupleRow] = kind.connect(database_url, autocommit=True, context=context, **options)
    try:
        pid, standby, read_only = _apply_settings(conn, {**SETTINGS, **limits})
        if conn.info.backend_pid != pid and database_url not in _pooled_by_session:
            _refuse_pooling_by_transaction(conn, pid, database_url, options)
            _pooled_by_session.add(database_url)
        if writes and standby:
            raise NotAPrimary
        if writes and read_only:
            raise ReadOnly
        if not prepared:
            conn.prepare_threshold = None
        conn.autocommit = autocommit
    except BaseException:
        conn.close()
        raise
    return conn


def _apply_settings(conn: psycopg.Connection[Any], settings: dict[str, str]) -> tuple[int, bool, bool]:
    """Apply the settings; returns the server's process id, whether it is a standby, and whether it is read-only."""
    if settings.get("statement_timeout") == "0" and conn.info.server_version >= 170000:
        settings = {**settings, "transaction_timeout": "0"}
    if conn.info.parameter_status("server_encoding") == "SQL_ASCII":
        # With an encoding the server would check each byte of a ring, and any role may send any bytes.
        settings = {name: value for name, value in settings.items() if name != "client_encoding"}
    sets = ", ".join("pg_catalog.set_config(%s, %s, false)" for _ in settings)
    row = conn.execute(
        "SELECT pg_catalog.pg_backend_pid(), pg_catalog.pg_is_in_recovery(),"
        f" pg_catalog.current_setting('transaction_read_only') = 'on', {sets}",
        [text for setting in settings.items() for text in setting],
    ).fetchone()
    assert row is not None
    return row[0], row[1], row[2]


def _refuse_pooling_by_transaction(
    conn: psycopg.Connection[Any], pid: int, database_url: str, options: dict[str, Any]
) -> None:
    """Raises PooledByTransaction when this session changes its process, or a second session has the same process."""
    if _process(conn) == pid and pid != _process_of_another(database_url, options):
        return
    raise PooledByTransaction


def _process_of_another(database_url: str, options: dict[str, Any]) -> int | None:
    """The server's process id of a second session; None without one within PROBE_SECONDS."""
    try:
        with psycopg.connect(database_url, autocommit=True, **{**options, "connect_timeout": 2}) as other:
            return _process(other)
    except psycopg.Error:
        return None


def _process(conn: psycopg.Connection[Any]) -> int | None:
    """The server's process id now, from a transaction of its own; None after PROBE_SECONDS."""
    conn.pgconn.send_query(b"SELECT pg_catalog.pg_backend_pid()")
    try:
        (answer,) = conn.wait(generators.execute(conn.pgconn), timeout=PROBE_SECONDS)
    except WaitTimeout:
        conn.pgconn.finish()
        return None
    return int(answer.get_value(0, 0) or 0) if answer.ntuples else None
