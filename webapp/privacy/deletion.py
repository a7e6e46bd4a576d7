"""The deletion of a tenant: a period of grace in which only admins sign in, then all rows in pages, children first.

The deleted orders write no events, so no reader of the outbox is flooded. Rows of other tenants are not touched.
"""

from __future__ import annotations

import contextlib
import threading
from collections import Counter
from datetime import datetime
from graphlib import CycleError, TopologicalSorter
from typing import Any

import psycopg
import redis
from psycopg.rows import tuple_row

from ..audit.kinds import Kind
from ..audit.recording import record
from ..observability import logs
from ..relay import destinations, verbs
from ..signals import notices, publisher
from . import jobs, sweep, tables
from .erasure import SILENT
from .jobs import PrivacyTask
from .tables import Table

GRACE_DAYS = 7
# They go with the tenant's own row, or are not the tenant's to delete.
_LEFT = frozenset({"tenants", "privacy_jobs", "relay_destinations", "audit_log", "audit_log_cursor", "alembic_version"})
_CLOSE = """
UPDATE users SET sessions_from = clock_timestamp() WHERE tenant_id = %s AND role <> 'admin'
"""
_REFERENCES = """
SELECT DISTINCT c.relname::text, f.relname::text FROM pg_constraint k
JOIN pg_class c ON c.oid = k.conrelid JOIN pg_class f ON f.oid = k.confrelid WHERE k.contype = 'f' AND c.oid <> f.oid
"""
_DELETE = "SELECT privacy_delete_page(%s, %s::oid::regclass, %s, %s)"

log = logs.get("privacy")


class TablesAttached(Exception):
    """Tables of the company are attached: their triggers would write orders of a tenant that is gone."""


def schedule(conn: psycopg.Connection[Any], tenant_id: int, by: int | None, days: int = GRACE_DAYS) -> PrivacyTask:
    """Close the tenant to all but its admins, and delete it after `days`. Raises TablesAttached. The caller commits."""
    # Before the look at the tables, because attaching one locks the row too (attach/install.py).
    conn.execute("SELECT FROM tenants WHERE id = %s FOR NO KEY UPDATE", [tenant_id])
    attached = conn.cursor(row_factory=tuple_row).execute(
        "SELECT name FROM attachments WHERE tenant_id = %s ORDER BY name", [tenant_id]
    )
    if names := [name for (name,) in attached]:
        raise TablesAttached(", ".join(names))
    cancel(conn, tenant_id)
    job = jobs.request_deletion(conn, tenant_id, by, days)
    conn.execute("UPDATE tenants SET deletion_at = %s WHERE id = %s", [job.due_at, tenant_id])
    conn.execute(_CLOSE, [tenant_id])
    return job


def cancel(conn: psycopg.Connection[Any], tenant_id: int) -> bool:
    """Open the tenant again. False when no deletion is scheduled, or when it has begun."""
    statement = (
        "UPDATE privacy_jobs SET state = 'cancelled', finished_at = now() WHERE tenant_id = %s AND kind = 'tenant'"
    )
    is_cancelled = conn.execute(statement + " AND state = 'waiting'", [tenant_id]).rowcount > 0
    if is_cancelled:
        conn.execute("UPDATE tenants SET deletion_at = NULL WHERE id = %s", [tenant_id])
    return is_cancelled


def scheduled_for(conn: psycopg.Connection[Any], tenant_id: int) -> datetime | None:
    row = (
        conn.cursor(row_factory=tuple_row)
        .execute("SELECT deletion_at FROM tenants WHERE id = %s", [tenant_id])
        .fetchone()
    )
    return row[0] if row else None


def run(conn: psycopg.Connection[Any], client: redis.Redis, job: PrivacyTask, stop: threading.Event) -> None:
    """Delete all rows page by page, and the tenant at the end. Raises jobs.TaskLost and psycopg.Error."""
    _end_sessions(conn, client, job)
    found = _in_order(
        conn, [table for table in tables.read(conn) if table.root not in _LEFT and table.column("tenant_id")]
    )
    counts, position = Counter(job.counts), {"table": 0, "block": 0} | job.position
    while position["table"] < len(found):
        if stop.is_set():
            jobs.release(conn, job)
            return
        table = found[position["table"]]
        with conn.transaction():
            conn.execute(SILENT)
            if position["block"] < tables.blocks(conn, table):
                counts[table.root] += _delete_page(conn, table, job, position["block"])
                position["block"] += sweep.PAGE_BLOCKS
            else:
                position = {"table": position["table"] + 1, "block": 0}
            jobs.save(conn, job, position, +counts, (position["table"], len(found) + 1))
    _delete_tenant(conn, job, +counts)
    with contextlib.suppress(redis.RedisError):
        client.delete(publisher.log_key(job.tenant_id))
    log.info("deleted a tenant", tenant_id=job.tenant_id, rows=sum(counts.values()))


def _end_sessions(conn: psycopg.Connection[Any], client: redis.Redis, job: PrivacyTask) -> None:
    conn.execute("SELECT privacy_close_tenant(%s)", [job.id])
    notices.sessions_ended(client)


def _delete_page(conn: psycopg.Connection[Any], table: Table, job: PrivacyTask, first: int) -> int:
    row = conn.execute(_DELETE, [job.id, table.oid, first, first + sweep.PAGE_BLOCKS]).fetchone()
    return int(row[0]) if row else 0


def _delete_tenant(conn: psycopg.Connection[Any], job: PrivacyTask, counts: Counter[str]) -> None:
    """The tenant's own row, and with it rows that were written meanwhile. The audit log keeps that it was deleted."""
    with conn.transaction():
        conn.execute(SILENT)
        row = (
            conn.cursor(row_factory=tuple_row)
            .execute("SELECT slug FROM tenants WHERE id = %s FOR UPDATE", [job.tenant_id])
            .fetchone()
        )
        for destination in destinations.every(conn):
            if destination.tenant_id == job.tenant_id:
                # They would keep old events for ever.
                verbs.forget_cursors(conn, destination)
        details = {"slug": row[0] if row else "", "rows": dict(counts)}
        record(conn, Kind.TENANT_DELETED, tenant_id=job.tenant_id, details=details)
        conn.execute("SELECT privacy_delete_tenant(%s)", [job.id])


def _in_order(conn: psycopg.Connection[Any], found: list[Table]) -> list[Table]:
    """Tables that reference others first, so that no deletion cascades to many rows."""
    references: dict[str, set[str]] = {table.root: set() for table in found}
    for child, parent in conn.cursor(row_factory=tuple_row).execute(_REFERENCES):
        if child in references and parent in references:
            references[parent].add(child)
    try:
        order = list(TopologicalSorter(references).static_order())
    except CycleError:
        order = sorted(references)
    return sorted(found, key=lambda table: (order.index(table.root), table.name))
