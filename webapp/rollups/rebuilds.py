"""Rebuilds of a tenant's rollups: a change of its time zone requests one in its own transaction, and a worker runs it.

A worker that is killed leaves the old figures and an open rebuild, which the next run begins again. So each rebuild
runs to its end.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import psycopg
import redis
from psycopg.rows import namedtuple_row

from ..events.topics import ROLLUPS
from ..observability import logs
from ..postgres import session
from ..signals import publisher
from . import progress, refresh

MAX_ATTEMPTS = 3
# Of one rebuild of a million orders; bench/rebuild.py measures it.
SECONDS_PER_ORDER = 0.00004
# Advisory lock, one per database: one rebuild at a time, beside the lock of the refreshes.
_LOCK = 0x00D0_0BE9
_CLAIM = """
UPDATE rollup_rebuilds
SET started_at = clock_timestamp(), attempts = attempts + 1, hours_done = 0, hours_total = 0, problem = NULL
WHERE tenant_id = (
    SELECT tenant_id FROM rollup_rebuilds WHERE finished_at IS NULL AND attempts < %(most)s
        AND (%(tenant)s::bigint IS NULL OR tenant_id = %(tenant)s) ORDER BY requested_at LIMIT 1)
RETURNING tenant_id, requested_at
"""
# A zone that changed meanwhile has requested another rebuild.
_FINISH = """
UPDATE rollup_rebuilds SET finished_at = clock_timestamp() WHERE tenant_id = %(tenant_id)s AND requested_at = %(requested_at)s
"""
_FAIL = "UPDATE rollup_rebuilds SET problem = %s WHERE tenant_id = %s AND finished_at IS NULL"
_GIVE_UP = """
UPDATE rollup_rebuilds SET problem = 'The worker ended during each attempt.'
WHERE finished_at IS NULL AND attempts >= %s AND problem IS NULL RETURNING tenant_id
"""
log = logs.get("rollups")


class Rebuild(NamedTuple):
    """A claimed rebuild."""

    tenant_id: int
    requested_at: Any


def run(database_url: str, client: redis.Redis, tenant_id: int | None = None) -> int:
    """Run the open rebuilds, or only that of `tenant_id`; returns how many succeeded.

    0 while another process runs one, which then runs all. Raises psycopg.Error when PostgreSQL is away.
    """
    with session.connect(database_url, "doorbell rebuild", autocommit=True) as conn:
        locked = conn.execute("SELECT pg_try_advisory_lock(%s)", [_LOCK]).fetchone()
        if not (locked and locked[0]):
            return 0
        for (crashed,) in conn.execute(_GIVE_UP, [MAX_ATTEMPTS]).fetchall():
            progress.announce(conn, client, crashed)
        count = 0
        while (claimed := _claim(conn, tenant_id)) is not None:
            count += _attempt(database_url, conn, client, claimed)
        return count


def _claim(conn: psycopg.Connection, tenant_id: int | None) -> Rebuild | None:
    with conn.cursor(row_factory=namedtuple_row) as cursor:
        row = cursor.execute(_CLAIM, {"most": MAX_ATTEMPTS, "tenant": tenant_id}).fetchone()
        return Rebuild(*row) if row else None


def _attempt(database_url: str, conn: psycopg.Connection, client: redis.Redis, rebuild: Rebuild) -> bool:
    """Returns whether it succeeded. A failure is recorded, for the page and for the next attempt."""
    tenant_id = rebuild.tenant_id
    progress.announce(conn, client, tenant_id)
    report = progress.Progress(conn, client, tenant_id)

    def finish() -> None:
        conn.execute(_FINISH, rebuild._asdict())

    try:
        with session.connect(database_url, "doorbell rollups", autocommit=True) as counting:
            refresh.rebuild_tenant(counting, tenant_id, report, finish)
    except psycopg.Error as error:
        log.error("failed to rebuild rollups", tenant_id=tenant_id, error=str(error))
        conn.execute(_FAIL, [str(error)[:1000], tenant_id])
        progress.announce(conn, client, tenant_id)
        return False
    log.info("rebuilt rollups", tenant_id=tenant_id)
    progress.announce(conn, client, tenant_id)
    try:
        publisher.publish(client, tenant_id, {ROLLUPS: None})
    except redis.RedisError as error:
        log.warning("did not announce rebuilt rollups", tenant_id=tenant_id, error=str(error))
    return True
