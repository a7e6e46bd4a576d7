"""`doorbell_attach`, the role that owns the functions of attached tables, and its rights.

The expressions of a mapping run with its rights, in the session of any writer. So it may do what a copied order needs, and
nothing else: an expression that calls a function of another program gives that program no right of Doorbell's own role.
"""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg import sql

from .errors import AttachRefused
from .mapped_sql import AttachTarget

ROLE = "doorbell_attach"
_ROLE = sql.Identifier(ROLE)

_WRITTEN = (
    "tenant_id, number, customer, owner_id, currency, total_minor, refunded_minor, placed_at, paid_at, shipped_at, "
    "cancelled_at, refunded_at, source, external_id, updated_at"
)
_GRANTS = (
    f"SELECT, DELETE, INSERT ({_WRITTEN}), UPDATE ({_WRITTEN}) ON {{schema}}.orders",
    "SELECT (id, slug, currency) ON {schema}.tenants",
    "SELECT (id, tenant_id, email, disabled_at) ON {schema}.users",
    "SELECT, INSERT, UPDATE ON {schema}.attach_problems",
    "EXECUTE ON FUNCTION {schema}.attach_problem(bigint, text, text, text)",
    "USAGE ON SCHEMA {schema}",
)
_GRANTS_OF_REPLICAS = (
    "SELECT (tenant_id, order_id), DELETE ON {schema}.notifications",
    "SELECT (tenant_id, order_id), DELETE ON {schema}.order_lines",
)
_STATE = """
SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = %(role)s) AS exists,
       (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) AS is_superuser,
       EXISTS (SELECT FROM pg_roles WHERE rolname = %(role)s)
           AND pg_has_role(current_user, (SELECT oid FROM pg_roles WHERE rolname = %(role)s), 'MEMBER') AS is_member
"""


def ensure(conn: psycopg.Connection[Any], target: AttachTarget) -> list[str]:
    """Create the role if it is missing and grant what the target needs, in the open transaction. Returns the statements.

    Raises AttachRefused with the statements for a superuser when Doorbell's role may not do it.
    """
    done: list[str] = []
    try:
        for statement in [*_creation(conn), *grants(conn, target)]:
            conn.execute(statement.encode())
            done.append(statement)
    except psycopg.errors.InsufficientPrivilege as error:
        raise AttachRefused(_refusal(conn, target, error)) from error
    return done


def grants(conn: psycopg.Connection[Any], target: AttachTarget) -> list[str]:
    """The GRANT statements of the target, safe to run again."""
    schema = sql.Identifier(target.schema)
    wanted = [*_GRANTS, *(_GRANTS_OF_REPLICAS if target.is_replica else ())]
    statements = [sql.SQL("GRANT {} TO {}").format(sql.SQL(grant).format(schema=schema), _ROLE) for grant in wanted]
    if target.table.is_partitioned:
        # TRUNCATE of a partition deletes the orders of its rows, which must be read for that.
        key = sql.SQL(", ").join(sql.SQL(column.sql) for column in target.table.key)
        statements += [
            sql.SQL("GRANT SELECT ({}) ON {} TO {}").format(key, sql.SQL(part.sql), _ROLE)
            for part in target.table.parts
            if part.kind == "r"
        ]
    if target.table.is_partitioned and target.table.schema != target.schema:
        usage = sql.SQL("GRANT USAGE ON SCHEMA {} TO {}").format(sql.Identifier(target.table.schema), _ROLE)
        statements.append(usage)
    return [statement.as_string(conn) for statement in statements]


def remove_if_unused(conn: psycopg.Connection[Any]) -> bool:
    """Revoke all its rights in this database and drop the role. It stays while another database of the server uses it."""
    if not _state(conn)[0]:
        return False
    try:
        with conn.transaction():
            conn.execute(sql.SQL("DROP OWNED BY {}").format(_ROLE))
        with conn.transaction():
            conn.execute(sql.SQL("DROP ROLE {}").format(_ROLE))
    except (psycopg.errors.DependentObjectsStillExist, psycopg.errors.InsufficientPrivilege):
        return False
    return True


def _creation(conn: psycopg.Connection[Any]) -> list[str]:
    exists, is_superuser, is_member = _state(conn)
    statements = [] if exists else [f"CREATE ROLE {ROLE} NOLOGIN NOINHERIT"]
    if not is_superuser and not is_member:
        # To give it functions.
        statements.append(f"GRANT {ROLE} TO CURRENT_USER")
    return statements


def _state(conn: psycopg.Connection[Any]) -> tuple[bool, bool, bool]:
    row = conn.execute(_STATE, {"role": ROLE}).fetchone()
    assert row is not None
    return row[0], row[1], row[2]


def _refusal(conn: psycopg.Connection[Any], target: AttachTarget, error: psycopg.Error) -> str:
    user = f'"{conn.info.user}"'
    statements = [f"CREATE ROLE {ROLE} NOLOGIN NOINHERIT", f"GRANT {ROLE} TO {user}", *grants(conn, target)]
    return (
        f"Doorbell's role {user} may not create the role {ROLE} or grant it its rights ({error.diag.message_primary}). Let a "
        f"superuser run, then attach again: {'; '.join(statements)};"
    )
