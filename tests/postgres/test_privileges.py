"""PUBLIC has no rights in Doorbell's schema: checks every function, table, sequence, schema and the database."""

from __future__ import annotations

import flask_migrate
import psycopg
import pytest
from flask import Flask

from webapp.doctor.functions import FOR_EVERY_WRITER

from ..support.world import World

# PostgreSQL's own defaults. An administrator revokes them (docs/postgresql.md), as `flask doctor` advises.
ALLOWED = {
    ("database", "CONNECT"),
    ("database", "TEMPORARY"),
    ("schema public", "USAGE"),
}

_GRANTED = """
WITH ours AS (SELECT relnamespace AS oid FROM pg_class WHERE oid = 'orders'::regclass),
acls AS (
    SELECT 'database' AS thing, coalesce(datacl, acldefault('d', datdba)) AS acl
    FROM pg_database WHERE datname = current_database()
    UNION ALL
    SELECT 'schema ' || nspname, coalesce(nspacl, acldefault('n', nspowner)) FROM pg_namespace JOIN ours USING (oid)
    UNION ALL
    SELECT CASE relkind WHEN 'S' THEN 'sequence ' ELSE 'table ' END || relname,
           coalesce(relacl, acldefault(CASE relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", relowner))
    FROM pg_class, ours WHERE relnamespace = ours.oid AND relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
    UNION ALL
    SELECT 'column ' || attrelid::regclass || '.' || attname, attacl
    FROM pg_attribute JOIN pg_class c ON c.oid = attrelid, ours WHERE c.relnamespace = ours.oid AND attacl IS NOT NULL
    UNION ALL
    SELECT 'function ' || p.proname, coalesce(proacl, acldefault('f', proowner)) FROM pg_proc p, ours
    WHERE p.pronamespace = ours.oid AND NOT EXISTS (
        SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
)
SELECT thing, privilege_type FROM acls CROSS JOIN LATERAL aclexplode(acl) WHERE grantee = 0
"""


def granted(world: World) -> set[tuple[str, str]]:
    return set(world.conn.execute(_GRANTED).fetchall())


def test_public_has_only_the_listed_rights(world: World) -> None:
    allowed = ALLOWED | {(f"function {name}", "EXECUTE") for name in FOR_EVERY_WRITER}
    assert granted(world) <= allowed, (
        "revoke it in the migration that created it, as 0009_rights.sql does; a function that an index expression, a "
        "generated column or a check of orders calls belongs in webapp/doctor/functions.py: FOR_EVERY_WRITER"
    )


def test_the_migration_revokes_create_in_our_schema_from_public(app: Flask, world: World) -> None:
    """On PostgreSQL 14 every role has this right in schema public."""
    with app.app_context():
        flask_migrate.downgrade(revision="0005")
        world.conn.execute("GRANT CREATE ON SCHEMA public TO PUBLIC")
        flask_migrate.upgrade()
    assert ("schema public", "CREATE") not in granted(world)


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("CREATE FUNCTION careless() RETURNS int LANGUAGE sql AS 'SELECT 1'", ("function careless", "EXECUTE")),
        ("GRANT SELECT ON users TO PUBLIC", ("table users", "SELECT")),
        ("GRANT UPDATE (customer) ON orders TO PUBLIC", ("column orders.customer", "UPDATE")),
        ("GRANT USAGE ON SEQUENCE orders_id_seq TO PUBLIC", ("sequence orders_id_seq", "USAGE")),
        ("GRANT CREATE ON SCHEMA public TO PUBLIC", ("schema public", "CREATE")),
    ],
)
def test_a_grant_to_public_is_found(world: World, statement: str, found: tuple[str, str]) -> None:
    world.conn.execute(statement)
    assert found in granted(world)


def test_each_function_has_a_pinned_search_path_or_a_bound_body(world: World) -> None:
    rows = world.conn.execute(
        "SELECT p.proname, p.prosqlbody IS NOT NULL, p.proconfig FROM pg_proc p"
        " WHERE p.pronamespace = 'public'::regnamespace AND NOT EXISTS ("
        "   SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')"
    ).fetchall()
    assert len(rows) >= 14
    pinned = {"search_path=pg_catalog, public, pg_temp", "search_path=pg_catalog, pg_temp"}
    loose = [name for name, bound, settings in rows if not bound and not pinned & set(settings or [])]
    assert loose == []


def test_strangers_and_programs_may_execute_only_pure_functions(
    world: World, stranger: psycopg.Connection, shop: psycopg.Connection
) -> None:
    for session in (stranger, shop):
        rows = session.execute(
            "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
            " AND has_function_privilege(oid, 'EXECUTE')"
        ).fetchall()
        assert {name for (name,) in rows} <= FOR_EVERY_WRITER


def test_every_text_that_a_writer_can_fill_has_a_length_limit(world: World) -> None:
    """Tables that only Doorbell writes are not checked. Elsewhere a text has a check or is a varchar."""
    rows = world.conn.execute(
        "SELECT c.relname || '.' || a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid"
        " WHERE c.relname IN ('orders', 'order_lines', 'users', 'tenants') AND a.atttypid = 'text'::regtype"
        " AND a.attgenerated = '' AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = c.oid"
        "   AND k.contype = 'c' AND a.attnum = ANY (k.conkey)"
        "   AND (pg_get_constraintdef(k.oid) ~ ('length\\(' || a.attname || '\\) <=')"
        "        OR pg_get_constraintdef(k.oid) ~ 'ANY \\(ARRAY'))"
    ).fetchall()
    assert rows == []


def test_the_models_and_the_migrations_have_the_same_checks(app: Flask, world: World) -> None:
    from sqlalchemy import CheckConstraint

    from webapp.db import db

    with app.app_context():
        modelled = {
            str(constraint.name)
            for table in db.metadata.tables.values()
            for constraint in table.constraints
            if isinstance(constraint, CheckConstraint)
        }
    rows = world.conn.execute(
        "SELECT conname FROM pg_constraint WHERE contype = 'c' AND connamespace = 'public'::regnamespace"
    ).fetchall()
    assert {name for (name,) in rows} == modelled
