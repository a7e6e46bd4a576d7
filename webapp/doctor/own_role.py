"""Check of Doorbell's own role: it owns the tables, or is a member of their owner, and is not a superuser."""

from __future__ import annotations

from collections.abc import Iterator

from .finding import Finding, fault, ok, warn
from .system import System

_STATE = """
SELECT session_user::text AS role, quote_ident(session_user::text) AS quoted, r.rolsuper AS is_superuser,
       c.relowner::regrole::text AS owner, pg_has_role(session_user, c.relowner, 'MEMBER')
           OR has_function_privilege(session_user, 'doorbell_actor()', 'EXECUTE') AS is_ours,
       pg_get_userbyid(f.proowner)::text AS definer, f.proowner = c.relowner AS owns_both
FROM pg_roles r, pg_class c, pg_proc f
WHERE r.rolname = session_user AND c.oid = 'orders'::regclass AND f.oid = 'orders_inserted()'::regprocedure
"""


def check(system: System) -> Iterator[Finding]:
    (row,) = system.rows(_STATE)
    if not row["is_ours"]:
        yield fault(
            f"{row['role']} neither owns the tables nor is a member of {row['owner']}: the users that it names in "
            "doorbell.actor count as unverified",
            f"GRANT {row['owner']} TO {row['quoted']};",
        )
    if not row["owns_both"]:
        yield fault(
            f"{row['owner']} owns orders, and its triggers run with the rights of {row['definer']}",
            f"Make {row['owner']} the owner of both: ALTER FUNCTION orders_inserted() OWNER TO {row['owner']}; and the others.",
        )
    if row["is_superuser"] and not system.is_private:
        yield warn(
            f"{row['role']} is a superuser: a fault of Doorbell, or of a function that it calls, affects the whole server",
            f"Create a role that owns only this database: CREATE ROLE doorbell LOGIN; REASSIGN OWNED BY {row['quoted']} TO "
            "doorbell; in this database, and use doorbell in DATABASE_URL.",
        )
    superuser = ", a superuser on the demo's own server" if row["is_superuser"] else ""
    yield ok(f"{row['role']}{superuser}")
