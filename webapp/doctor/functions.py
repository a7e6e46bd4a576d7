"""Check of Doorbell's functions: their search_path is fixed, and only their owner and Doorbell's processes may run them."""

from __future__ import annotations

from collections.abc import Iterator

from ..postgres.process_rights import FUNCTIONS
from .finding import Finding, fault, ok
from .system import System

# Functions that an index expression, a generated column or a check of `orders` calls. PUBLIC may run them, because each
# writer of the table runs them with the writer's own rights.
FOR_EVERY_WRITER = frozenset(
    {"order_search_fold", "order_search_words", "order_search_period", "order_search_terms", "order_customer_key"}
)

_STATE = """
SELECT p.oid::regprocedure::text AS signature, p.proname AS name, n.nspname AS schema, p.proconfig AS settings,
       p.prosqlbody IS NOT NULL AS is_bound, p.prosecdef AS is_definer, p.proowner = t.relowner AS is_ours,
       quote_ident(n.nspname) AS quoted,
       ARRAY(SELECT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(a.grantee::regrole::text) END
             FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) AS a
             WHERE a.grantee <> p.proowner AND (a.grantee = 0 OR p.proname <> ALL (%(for_processes)s)
                 OR tenancy_other_program(a.grantee::regrole::text) IS NOT NULL) ORDER BY 1) AS others
FROM pg_class t JOIN pg_namespace n ON n.oid = t.relnamespace JOIN pg_proc p ON p.pronamespace = n.oid
WHERE t.oid = 'orders'::regclass AND NOT EXISTS (
    SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
ORDER BY 1
"""


def check(system: System) -> Iterator[Finding]:
    functions = [row for row in system.rows(_STATE, {"for_processes": list(FUNCTIONS)}) if row["is_ours"]]
    for row in functions:
        # For functions with the owner's rights any grantee is a fault, for the others PUBLIC.
        others = [name for name in row["others"] if row["is_definer"] or name == "PUBLIC"]
        if others and row["name"] not in FOR_EVERY_WRITER:
            yield fault(
                f"{', '.join(others)} may run {row['signature']}",
                f"REVOKE ALL ON FUNCTION {row['signature']} FROM {', '.join(others)};",
            )
        path = f"search_path=pg_catalog, {row['quoted']}, pg_temp"
        if row["is_definer"] and not row["is_bound"] and path not in (row["settings"] or []):
            yield fault(
                f"{row['signature']} has a search_path other than pg_catalog, {row['schema']}, pg_temp",
                f"ALTER FUNCTION {row['signature']} SET search_path = pg_catalog, {row['quoted']}, pg_temp;",
            )
    open_ones = sum(row["name"] in FOR_EVERY_WRITER for row in functions)
    yield ok(f"{len(functions) - open_ones} for their owner only, {open_ones} pure ones for every writer")
