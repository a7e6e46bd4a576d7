"""Check that PostgreSQL keeps tenants apart: the web processes have a role of their own, and its policy is on every table."""

from __future__ import annotations

from collections.abc import Iterator

from ..postgres.tenant_tables import TENANT_TABLES
from .finding import Finding, fault, ok, warn
from .system import System

SHOWN = 5
_COMMAND = "flask roles --processes --create"

_UNPROTECTED = """
SELECT name FROM unnest(%(tables)s::text[]) AS name LEFT JOIN pg_class c ON c.oid = to_regclass(name)
WHERE c.oid IS NOT NULL AND NOT (c.relrowsecurity AND c.relforcerowsecurity) ORDER BY 1
"""
# Of the session's own role. A table of a later version is named once its migration has run.
_WEB = """
SELECT r.rolname::text AS role, quote_ident(r.rolname::text) AS quoted, r.rolsuper AS is_superuser,
       r.rolbypassrls AS bypasses, pg_has_role(r.oid, o.relowner, 'MEMBER') AS is_owner, o.relowner::regrole::text AS owner,
       ARRAY(SELECT name FROM unnest(%(tables)s::text[]) AS name WHERE to_regclass(name) IS NOT NULL AND NOT EXISTS (
           SELECT FROM pg_policy p CROSS JOIN LATERAL unnest(p.polroles) AS bound (role)
           WHERE p.polrelid = to_regclass(name) AND NOT p.polpermissive AND bound.role <> 0
               AND pg_has_role(r.oid, bound.role, 'USAGE')) ORDER BY 1) AS unbound
FROM pg_roles r, pg_class o WHERE r.rolname = session_user AND o.oid = 'orders'::regclass
"""
_BOUND_OWNER = """
SELECT DISTINCT o.relowner::regrole::text AS owner, bound.role::regrole::text AS web
FROM pg_class o JOIN pg_roles r ON r.oid = o.relowner
JOIN pg_policy p ON p.polrelid = o.oid AND NOT p.polpermissive CROSS JOIN LATERAL unnest(p.polroles) AS bound (role)
WHERE o.oid = 'orders'::regclass AND bound.role <> 0 AND NOT r.rolsuper AND pg_has_role(r.oid, bound.role, 'USAGE')
"""


def check(system: System) -> Iterator[Finding]:
    tables = {"tables": list(TENANT_TABLES)}
    for row in system.rows(_UNPROTECTED, tables)[:SHOWN]:
        yield fault(
            f"{row['name']} has no row-level security: a web process can read the rows of all tenants in it",
            f"SELECT tenancy_protect('{row['name']}');",
        )
    for row in system.rows(_BOUND_OWNER):
        yield fault(
            f"{row['owner']}, which owns the tables, is a member of {row['web']}: triggers see the rows of one tenant only",
            f"REVOKE {row['web']} FROM {row['owner']};",
        )
    yield from _web(system)


def _web(system: System) -> Iterator[Finding]:
    (web,) = system.as_web().rows(_WEB, {"tables": list(TENANT_TABLES)})
    role = web["role"]
    if system.is_private:
        yield ok(f"not enforced in the demo, whose web process is {role}")
    elif web["is_superuser"] or web["is_owner"] or web["bypasses"]:
        reason = "is a superuser" if web["is_superuser"] else f"is {web['owner']}, which owns the tables"
        if web["bypasses"] and not web["is_superuser"]:
            reason = "has BYPASSRLS"
        yield warn(
            f"the web processes sign in as {role}, which {reason}: PostgreSQL does not keep tenants apart",
            f"{_COMMAND}; then give the web processes a role of their own in DATABASE_URL (docs/database-roles.md).",
        )
    elif web["unbound"]:
        names = ", ".join(web["unbound"][:SHOWN])
        yield fault(
            f"no policy binds {role} to one tenant on {names}",
            f"{_COMMAND} --web {web['quoted']}",
        )
    yield ok(f"{role} sees the rows of one tenant per transaction")
