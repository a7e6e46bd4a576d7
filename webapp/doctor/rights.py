"""Check of the rights of other roles in Doorbell's schema; PUBLIC is every role that may connect."""

from __future__ import annotations

from collections.abc import Iterator

from ..orders.writer_role import WRITER
from .finding import Finding, fault, ok, warn
from .system import Row, System

SHOWN = 5

_SCHEMA = """
SELECT quote_ident(n.nspname) AS schema, a.grantee = 0 AS is_public,
       CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(a.grantee::regrole::text) END AS grantee,
       pg_has_role(n.nspowner, 'USAGE') AS may_revoke, n.nspowner::regrole::text AS owner
FROM pg_class t JOIN pg_namespace n ON n.oid = t.relnamespace
CROSS JOIN LATERAL aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) AS a
WHERE t.oid = 'orders'::regclass AND a.privilege_type = 'CREATE' AND a.grantee NOT IN (n.nspowner, t.relowner)
ORDER BY 2 DESC, 3
"""
_PUBLIC = """
WITH ours AS (SELECT c.* FROM pg_class t JOIN pg_class c ON c.relnamespace = t.relnamespace AND c.relowner = t.relowner
              WHERE t.oid = 'orders'::regclass)
SELECT DISTINCT kind, name FROM (
    SELECT CASE relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END AS kind, ours.oid::regclass::text AS name, relacl AS acl
    FROM ours
    UNION ALL
    SELECT 'TABLE', ours.oid::regclass::text, attacl FROM ours JOIN pg_attribute ON attrelid = ours.oid
) AS things CROSS JOIN LATERAL aclexplode(acl) AS a WHERE a.grantee = 0 ORDER BY 2
"""
_DATABASE = """
SELECT quote_ident(d.datname) AS database, quote_ident(current_user::text) AS role,
       array_agg(a.privilege_type ORDER BY a.privilege_type) AS rights
FROM pg_database d CROSS JOIN LATERAL aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) AS a
WHERE d.datname = current_database() AND a.grantee = 0 GROUP BY 1, 2
"""
# A grant of INSERT on the table includes the column id.
_IDS = """
SELECT DISTINCT quote_ident(a.grantee::regrole::text) AS grantee FROM (
    SELECT relowner, relacl AS acl FROM pg_class WHERE oid = 'orders'::regclass
    UNION ALL
    SELECT relowner, attacl FROM pg_class c JOIN pg_attribute ON attrelid = c.oid AND attname = 'id'
    WHERE c.oid = 'orders'::regclass
) AS granted CROSS JOIN LATERAL aclexplode(acl) AS a
WHERE a.privilege_type = 'INSERT' AND a.grantee NOT IN (0, relowner) ORDER BY 1
"""


def check(system: System) -> Iterator[Finding]:
    for row in system.rows(_SCHEMA):
        yield _creates(row)
    for row in system.rows(_PUBLIC)[:SHOWN]:
        yield fault(
            f"PUBLIC, which is every role, has rights on {row['name']}",
            f"REVOKE ALL ON {row['kind']} {row['name']} FROM PUBLIC;",
        )
    for row in system.rows(_IDS)[:SHOWN]:
        yield warn(
            f"{row['grantee']} may choose an order's id, and so use up the ids of Doorbell's orders",
            f"REVOKE INSERT ON orders FROM {row['grantee']}; then flask roles, and GRANT {WRITER} TO {row['grantee']};",
        )
    if not system.is_private:
        for row in system.rows(_DATABASE):
            yield _open_database(row)
    yield ok("no other role creates objects in Doorbell's schema or chooses an order's id; PUBLIC has no rights there")


def _creates(row: Row) -> Finding:
    statement = f"REVOKE CREATE ON SCHEMA {row['schema']} FROM {row['grantee']};"
    advice = statement if row["may_revoke"] else f"As a superuser or as {row['owner']}: {statement}"
    if row["is_public"]:
        seen = f"every role may create objects in schema {row['schema']}; they can run with Doorbell's rights"
        return fault(seen, advice)
    return warn(
        f"{row['grantee']} may create objects in schema {row['schema']}; they can run with Doorbell's rights",
        advice,
    )


def _open_database(row: Row) -> Finding:
    rights = " and ".join(row["rights"])
    return warn(
        f"every role of the cluster has {rights} on this database, so it can hold Doorbell's locks and ring its bell",
        f"REVOKE ALL ON DATABASE {row['database']} FROM PUBLIC;\n"
        f"then, for each role that needs it: GRANT CONNECT ON DATABASE {row['database']} TO {row['role']};",
    )
