"""The SQL that makes the roles of Doorbell's processes: their rights, and the policy that binds the web role to a tenant.

A role's rights are revoked and granted again, so that they are exactly those of this version. Run it after each upgrade.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import tuple_row

from .process_rights import LISTENER, WEB, WORKER, Rights
from .tenant_tables import NEW_ROWS, TENANT_TABLES

POLICY_PREFIX = "tenant_"
# Longer names are cut by PostgreSQL, and then two would be one.
MAX_BYTES = 63 - len(POLICY_PREFIX)
# The first version with createrole_self_grant.
SELF_GRANT_FROM = 160000

_HOME = """
SELECT current_database(), n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.oid = 'orders'::regclass
"""
_FUNCTIONS = """
SELECT p.oid::regprocedure::text FROM pg_proc p
WHERE p.pronamespace = (SELECT relnamespace FROM pg_class WHERE oid = 'orders'::regclass) AND p.proname = ANY (%s)
ORDER BY 1
"""
_EXISTS = "SELECT FROM pg_roles WHERE rolname = %s"
_IS_MEMBER = """
SELECT FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.roleid JOIN pg_roles w ON w.oid = m.member
WHERE r.rolname = %s AND w.rolname = %s
"""


@dataclass(frozen=True)
class ProcessRoles:
    """The names of the roles."""

    web: str = "doorbell_web"
    listener: str = "doorbell_listener"
    worker: str = "doorbell_worker"

    @property
    def rights(self) -> tuple[tuple[str, Rights], ...]:
        return (self.web, WEB), (self.listener, LISTENER), (self.worker, WORKER)


def statements(conn: psycopg.Connection[Any], roles: ProcessRoles) -> list[str]:
    """The SQL, one statement each, for one transaction of the owner of the tables; safe to run again."""
    return [statement.as_string(conn) for statement in _statements(conn, roles)]


def create(conn: psycopg.Connection[Any], roles: ProcessRoles) -> None:
    """Make the roles, all or nothing. Raises psycopg.errors.InsufficientPrivilege and LockNotAvailable."""
    with conn.transaction():
        for statement in statements(conn, roles):
            conn.execute(statement.encode())


def _statements(conn: psycopg.Connection[Any], roles: ProcessRoles) -> Iterator[sql.Composable]:
    rows = conn.cursor(row_factory=tuple_row)
    database, schema = rows.execute(_HOME).fetchone() or ("", "")
    # A policy locks its table, and new orders queue behind that. This is less than the 1 s after which PostgreSQL checks for a
    # deadlock, so it ends no writer.
    yield sql.SQL("SET LOCAL lock_timeout = '800ms'")
    if conn.info.server_version >= SELF_GRANT_FROM:
        # The owner must not become a member of the web role that it creates: the policy would bind its triggers.
        yield sql.SQL("SET LOCAL createrole_self_grant = ''")
    for name, rights in roles.rights:
        role = sql.Identifier(name)
        if rows.execute(_EXISTS, [name]).fetchone() is None:
            yield sql.SQL("CREATE ROLE {} LOGIN").format(role)
        for kind in ("TABLES", "FUNCTIONS"):
            revoke = sql.SQL("REVOKE ALL ON ALL {} IN SCHEMA {} FROM {}")
            yield revoke.format(sql.SQL(kind), sql.Identifier(schema), role)
        on_database = "CONNECT, TEMPORARY" if rights.makes_temporary else "CONNECT"
        yield sql.SQL("GRANT {} ON DATABASE {} TO {}").format(sql.SQL(on_database), sql.Identifier(database), role)
        yield sql.SQL("GRANT USAGE ON SCHEMA {} TO {}").format(sql.Identifier(schema), role)
        for table, granted in sorted(rights.tables.items()):
            grant = sql.SQL("GRANT {} ON {} TO {}")
            yield grant.format(sql.SQL(", ".join(granted)), sql.Identifier(schema, table), role)
        for (function,) in rows.execute(_FUNCTIONS, [list(rights.functions)]).fetchall():
            yield sql.SQL("GRANT EXECUTE ON FUNCTION {} TO {}").format(sql.SQL(function), role)
    # Celery's catch-up ends the session of a listener that holds the lead and does nothing.
    if rows.execute(_IS_MEMBER, [roles.listener, roles.worker]).fetchone() is None:
        yield sql.SQL("GRANT {} TO {}").format(sql.Identifier(roles.listener), sql.Identifier(roles.worker))
    yield from _policies(schema, roles.web)


def _policies(schema: str, web: str) -> Iterator[sql.Composable]:
    """RESTRICTIVE: no other policy can widen it."""
    policy, role = sql.Identifier(POLICY_PREFIX + web), sql.Identifier(web)
    for table, condition in TENANT_TABLES.items():
        name = sql.Identifier(schema, table)
        yield sql.SQL("DROP POLICY IF EXISTS {} ON {}").format(policy, name)
        create = sql.SQL("CREATE POLICY {} ON {} AS RESTRICTIVE TO {} USING ({}) WITH CHECK ({})")
        new_rows = NEW_ROWS.get(table, condition)
        yield create.format(policy, name, role, sql.SQL(condition), sql.SQL(new_rows))


def faults(roles: Sequence[str]) -> list[str]:
    """Names that cannot be used, each with the reason."""
    found = [
        f"The role name {name!r} is longer than {MAX_BYTES} bytes." for name in roles if len(name.encode()) > MAX_BYTES
    ]
    found += [f"The role name {name!r} is empty." for name in roles if not name]
    if len(set(roles)) < len(roles):
        found.append("The roles of web, listener and worker need different names.")
    return found
