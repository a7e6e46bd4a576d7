"""Installing an attachment: role, functions, row, then triggers. All but the triggers lock nothing of the company's."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import tuple_row

from ..audit.kinds import Kind
from ..audit.recording import record
from . import attachments, function_sql, role, triggers
from .errors import AttachRefused
from .mapped_sql import AttachTarget


def statements(target: AttachTarget) -> list[str]:
    """The SQL of the functions and triggers, as it is shown before it is installed."""
    found = list(function_sql.functions(target).values())
    found += [statement for trigger in triggers.wanted(target) for statement in trigger.statements]
    if target.is_replica:
        found += [statement for _, statement in triggers.always_event_triggers(target.schema)]
    return found


def create_functions(conn: psycopg.Connection[Any], target: AttachTarget) -> None:
    """Create the role and the functions, in the open transaction. Raises AttachRefused."""
    role.ensure(conn, target)
    owner, schema = sql.Identifier(role.ROLE), sql.Identifier(target.schema)
    # A new owner of a function needs this right for the moment of ALTER FUNCTION.
    conn.execute(sql.SQL("GRANT CREATE ON SCHEMA {} TO {}").format(schema, owner))
    for signature, statement in function_sql.functions(target).items():
        conn.execute(statement.encode())
        conn.execute(f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC".encode())
        conn.execute(f"ALTER FUNCTION {signature} OWNER TO {role.ROLE}".encode())
    conn.execute(sql.SQL("REVOKE CREATE ON SCHEMA {} FROM {}").format(schema, owner))
    for purpose in ("copy", "compare"):
        # Doorbell's role calls these two.
        name = function_sql.names(target)[purpose]
        conn.execute(f"GRANT EXECUTE ON FUNCTION {name}() TO CURRENT_USER".encode())


def install(conn: psycopg.Connection[Any], target: AttachTarget, created_by: str) -> None:
    """Install everything; from its end, each write of the table is copied. Then the old rows are to be copied (backfill.py).

    Raises AttachRefused. When a table stays locked, what was installed stays, and `finish` continues.
    """
    with conn.transaction():
        _check_tenant(conn, target)
        attachments.insert(conn, target, created_by)
        record(conn, Kind.ATTACH, tenant_id=target.tenant_id, subject=target.name)
        create_functions(conn, target)
    finish(conn, target)


def _check_tenant(conn: psycopg.Connection[Any], target: AttachTarget) -> None:
    """Lock the tenant's row until the end of the transaction. The triggers would outlive a tenant that is deleted."""
    locked = "SELECT slug, deletion_at FROM tenants WHERE id = %s FOR SHARE"
    row = conn.cursor(row_factory=tuple_row).execute(locked, [target.tenant_id]).fetchone()
    if row is not None and row[1] is not None:
        raise AttachRefused(
            f"The tenant {row[0]!r} is deleted on {row[1]:%Y-%m-%d}, so no table is attached to it. "
            "To keep it: Settings, Privacy, Keep this company."
        )


def finish(conn: psycopg.Connection[Any], target: AttachTarget) -> None:
    """Create the triggers that are missing. Raises AttachRefused when a table stays locked."""
    if target.is_replica:
        triggers.set_event_triggers(conn, target.schema, always=True)
    triggers.ensure(conn, target)
    if triggers.missing(conn, target):
        raise AttachRefused(
            f"Partitions of {target.table.name} were added meanwhile. Run the same command again; it continues."
        )
