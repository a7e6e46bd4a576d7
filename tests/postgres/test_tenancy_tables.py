"""Every table of the schema is in one of two lists, and those with rows of tenants have their policies."""

from __future__ import annotations

import psycopg
import pytest

from tests.support import process_urls
from tests.support.world import Service
from webapp.postgres.process_rights import LISTENER, WEB, WORKER
from webapp.postgres.process_roles import POLICY_PREFIX, ProcessRoles
from webapp.postgres.tenant_tables import OTHER_TABLES, PARTITIONS, TENANT_TABLES

_TABLES = """
SELECT c.relname, c.relrowsecurity, c.relforcerowsecurity,
       EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped),
       ARRAY(SELECT DISTINCT k.confrelid::regclass::text FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'f')
FROM pg_class c WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relnamespace = 'public'::regnamespace
"""
_POLICIES = """
SELECT c.relname, p.polname, p.polpermissive, ARRAY(SELECT r.rolname::text FROM pg_roles r WHERE r.oid = ANY (p.polroles)),
       p.polcmd = '*', pg_get_expr(p.polqual, p.polrelid)
FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid ORDER BY 1, 2
"""


def unprotected(conn: psycopg.Connection) -> list[str]:
    """Tables with rows of tenants, by their column or a foreign key, that lack a policy or are in no list."""
    found = []
    for name, enabled, forced, has_tenant, referred in conn.execute(_TABLES).fetchall():
        is_tenant_table = has_tenant or bool(set(referred) & TENANT_TABLES.keys())
        if name not in TENANT_TABLES | OTHER_TABLES:
            found.append(f"{name} is in neither list of webapp/postgres/tenant_tables.py")
        elif is_tenant_table and name in OTHER_TABLES:
            found.append(f"{name} has rows of tenants")
        elif name in TENANT_TABLES and not (enabled and forced):
            found.append(f"{name} has no row-level security; call tenancy_protect() in its migration")
    return found


def test_every_table_with_rows_of_tenants_is_protected(conn: psycopg.Connection) -> None:
    assert unprotected(conn) == []
    assert {row[0] for row in conn.execute(_TABLES)} == TENANT_TABLES.keys() | OTHER_TABLES.keys()


@pytest.mark.parametrize("column", ["tenant_id bigint", "order_id bigint REFERENCES tenants"])
def test_a_new_table_without_a_policy_is_found(conn: psycopg.Connection, column: str) -> None:
    conn.execute(f"CREATE TABLE surprises ({column})")
    assert unprotected(conn) == ["surprises is in neither list of webapp/postgres/tenant_tables.py"]


def test_a_table_that_lost_its_protection_is_found(conn: psycopg.Connection) -> None:
    conn.execute("ALTER TABLE orders NO FORCE ROW LEVEL SECURITY")
    assert [line.partition(" ")[0] for line in unprotected(conn)] == ["orders"]


def test_each_table_has_an_open_policy_and_one_that_binds_the_web_role(
    service: Service, conn: psycopg.Connection
) -> None:
    process_urls.make(service, conn)
    web = ProcessRoles().web
    found: dict[str, dict[str, tuple[object, ...]]] = {}
    for table, name, *rest in conn.execute(_POLICIES).fetchall():
        found.setdefault(table, {})[name] = tuple(rest)
    assert found.keys() == TENANT_TABLES.keys()
    for table, policies in found.items():
        assert policies.keys() == {"everyone", POLICY_PREFIX + web}, table
        assert policies["everyone"] == (True, [], True, "true"), table
        assert policies[POLICY_PREFIX + web][:3] == (False, [web], True), table


def test_the_roles_of_processes_have_exactly_their_rights(service: Service, conn: psycopg.Connection) -> None:
    conn.execute("SELECT 1")
    process_urls.make(service, conn)
    conn.execute("GRANT ALL ON ended_sessions TO doorbell_listener")  # such as a right of an earlier version
    process_urls.make(service, conn)
    names = ProcessRoles()
    for role, rights in ((names.web, WEB), (names.listener, LISTENER), (names.worker, WORKER)):
        found = conn.execute(
            "SELECT DISTINCT c.relname FROM pg_class c LEFT JOIN pg_attribute t ON t.attrelid = c.oid"
            " CROSS JOIN LATERAL (SELECT * FROM aclexplode(c.relacl) UNION ALL SELECT * FROM aclexplode(t.attacl)) AS a"
            " WHERE a.grantee = %s::regrole",
            [role],
        ).fetchall()
        assert {name for (name,) in found} == rights.tables.keys(), role
        (owned,) = conn.execute("SELECT count(*) FROM pg_class WHERE relowner = %s::regrole", [role]).fetchone() or (1,)
        assert owned == 0
        state = "SELECT rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb FROM pg_roles WHERE rolname = %s"
        assert conn.execute(state, [role]).fetchone() == (False,)


def test_no_role_has_rights_on_a_partition_of_events_except_to_count_old_ones(
    service: Service, conn: psycopg.Connection
) -> None:
    process_urls.make(service, conn)
    granted = conn.execute(
        "SELECT c.relname, a.grantee::regrole::text, a.privilege_type FROM pg_class c"
        " CROSS JOIN LATERAL aclexplode(c.relacl) AS a WHERE c.relispartition AND c.relname LIKE %s || '%%'"
        " AND a.grantee <> c.relowner",
        [PARTITIONS],
    ).fetchall()
    assert granted == [("order_events_default", ProcessRoles().worker, "SELECT")]


def test_functions_that_run_as_the_owner_are_for_named_roles_only(service: Service, conn: psycopg.Connection) -> None:
    process_urls.make(service, conn)
    found = conn.execute(
        "SELECT p.proname, p.proconfig::text, EXISTS (SELECT FROM aclexplode(p.proacl) a WHERE a.grantee = 0)"
        " FROM pg_proc p WHERE p.prosecdef AND p.pronamespace = 'public'::regnamespace"
    ).fetchall()
    assert len(found) > 20
    for name, config, is_public in found:
        assert not is_public, name
        assert "search_path=pg_catalog, public, pg_temp" in (config or ""), name
