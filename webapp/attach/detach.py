"""Detaching a table: triggers, functions, rights and rows of Doorbell are removed; the orders stay or go, as "
"the caller says."""

from __future__ import annotations

from typing import Any

import psycopg

from ..audit.kinds import Kind
from ..audit.recording import record
from . import attachments, locks, role, triggers
from .attachments import Attachment

DELETED_ORDERS = 2000
_FUNCTIONS = """
SELECT p.oid::regprocedure::text FROM pg_proc p
WHERE p.pronamespace = (SELECT relnamespace FROM pg_class WHERE oid = 'orders'::regclass)
    AND p.proname LIKE 'attach\\_' || %s || '\\_%%' ORDER BY 1
"""
_GRANTED = """
SELECT DISTINCT quote_ident(n.nspname) || '.' || quote_ident(c.relname), quote_ident(a.attname)
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
CROSS JOIN LATERAL aclexplode(a.attacl) AS acl
WHERE acl.grantee = (SELECT oid FROM pg_roles WHERE rolname = %(role)s)
    AND (c.oid = %(oid)s OR c.oid IN (SELECT relid FROM pg_partition_tree(%(oid)s)))
"""
_DELETE = """
DELETE FROM orders WHERE id IN (
    SELECT id FROM orders WHERE source = %s AND external_id IS NOT NULL ORDER BY external_id LIMIT %s)
"""


def run(
    conn: psycopg.Connection[Any],
    attachment: Attachment,
    *,
    keep_orders: bool,
    give_up_seconds: float = locks.GIVE_UP_SECONDS,
) -> int:
    """Detach; returns how many orders were removed or kept. `conn` is in autocommit.

    Raises AttachRefused when the table stays locked; then the command can be repeated. The triggers go first: from then on
    no write of the company's programs reaches Doorbell.
    """
    for (signature,) in conn.execute(_FUNCTIONS, [str(attachment.id)]).fetchall():
        triggers.run(conn, attachment.oid, attachment.name, [_drop(signature)], give_up_seconds)
    with conn.transaction():
        _revoke(conn, attachment)
    orders = (_kept if keep_orders else _deleted)(conn, attachment.name)
    with conn.transaction():
        conn.execute("DELETE FROM attach_problems WHERE attachment_id = %s", [attachment.id])
        conn.execute("DELETE FROM attachments WHERE id = %s", [attachment.id])
        details = {"keeps_orders": keep_orders, "orders": orders}
        record(conn, Kind.DETACH, tenant_id=attachment.tenant_id, subject=attachment.name, details=details)
    _after_the_last(conn, attachment)
    return orders


def _kept(conn: psycopg.Connection[Any], name: str) -> int:
    """Kept orders keep their keys, so that attaching the table again continues them."""
    row = conn.execute("SELECT count(*) FROM orders WHERE source = %s AND external_id IS NOT NULL", [name]).fetchone()
    assert row is not None
    return int(row[0])


def _deleted(conn: psycopg.Connection[Any], name: str) -> int:
    """In batches, because one transaction would hold all rows. The deletions are history: they notify no user."""
    count = 0
    while True:
        with conn.transaction():
            conn.execute("SET LOCAL doorbell.notify = off")
            deleted = conn.execute(_DELETE, [name, DELETED_ORDERS]).rowcount
        count += deleted
        if deleted < DELETED_ORDERS:
            return count


def _revoke(conn: psycopg.Connection[Any], attachment: Attachment) -> None:
    for table, column in conn.execute(_GRANTED, {"role": role.ROLE, "oid": attachment.oid}).fetchall():
        conn.execute(f"REVOKE SELECT ({column}) ON {table} FROM {role.ROLE}".encode())


def _after_the_last(conn: psycopg.Connection[Any], detached: Attachment) -> None:
    """Remove the parts that several attachments share with the last one that needs them."""
    left = attachments.every(conn)
    if detached.is_replica and not any(attachment.is_replica for attachment in left):
        triggers.set_event_triggers(conn, attachments.our_schema(conn), always=False)
    if not left:
        role.remove_if_unused(conn)


def statements(conn: psycopg.Connection[Any], attachment: Attachment) -> list[str]:
    """The SQL that removes the functions with their triggers, as it is shown before it runs."""
    return [_drop(signature) for (signature,) in conn.execute(_FUNCTIONS, [str(attachment.id)]).fetchall()]


def _drop(signature: str) -> str:
    """CASCADE drops the triggers. DROP TRIGGER would need the owner of the company's table."""
    return f"DROP FUNCTION {signature} CASCADE"
