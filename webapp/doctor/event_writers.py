"""Check that only the triggers on `orders` write events.

Another writer does not hold the lock of the order's row, so its events may be read in another order than that of the commits
(outbox/diff.py).
"""

from __future__ import annotations

from collections.abc import Iterator

from .finding import Finding, ok, warn
from .system import System
from .triggers import TRIGGERS

SHOWN = 5

_GRANTS = """
SELECT c.oid::regclass::text AS name, array_agg(DISTINCT a.privilege_type ORDER BY a.privilege_type) AS rights,
       CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(a.grantee::regrole::text) END AS grantee
FROM pg_partition_tree('order_events') AS part JOIN pg_class c ON c.oid = part.relid
CROSS JOIN LATERAL (
    SELECT * FROM aclexplode(c.relacl)
    UNION ALL
    SELECT e.* FROM pg_attribute t CROSS JOIN LATERAL aclexplode(t.attacl) AS e WHERE t.attrelid = c.oid
) AS a
WHERE a.grantee <> c.relowner
    AND (a.grantee = 0 OR tenancy_other_program(a.grantee::regrole::text) IS NOT NULL)
    AND a.privilege_type IN ('INSERT', 'UPDATE', 'DELETE', 'TRUNCATE')
GROUP BY c.oid, a.grantee ORDER BY 1, 3
"""
# Bit 1 of tgtype is BEFORE: such a trigger can change the rows that our triggers turn into events, or write its own events.
_OTHERS = """
SELECT t.tgname AS name, t.tgrelid::regclass::text AS "table", t.tgfoid::regproc::text AS function,
       t.tgtype & 2 = 2 AS is_before, t.tgrelid = 'orders'::regclass AS is_on_orders
FROM pg_trigger t
WHERE NOT t.tgisinternal AND t.tgname <> ALL (%(ours)s) AND (t.tgrelid = 'orders'::regclass AND t.tgtype & 2 = 2
    OR t.tgrelid IN (SELECT relid FROM pg_partition_tree('order_events')))
ORDER BY 2, 1
"""
# Functions and rules that write order_events or a partition of it, by their source.
_WRITES = (
    r"\m(insert\s+into|update|delete\s+from|merge\s+into|copy)\s+(only\s+)?"
    r"(\"?\w+\"?\.)?\"?order_events(_default|_\d+_\d+)?\M"
)
_CODE = """
SELECT 'function' AS kind, p.oid::regprocedure::text AS name, 'DROP FUNCTION ' || p.oid::regprocedure || ';' AS remove
FROM pg_proc p
WHERE p.prokind = 'f' AND coalesce(pg_get_function_sqlbody(p.oid), p.prosrc) ~* %(writes)s AND NOT (
    p.proname = ANY (%(ours)s)
    AND p.pronamespace = (SELECT relnamespace FROM pg_class WHERE oid = 'orders'::regclass))
UNION ALL
SELECT 'rule', format('%%I on %%I', rulename, tablename), format('DROP RULE %%I ON %%I.%%I;', rulename, schemaname, tablename)
FROM pg_rules WHERE definition ~* %(writes)s
ORDER BY 1, 2
"""


def check(system: System) -> Iterator[Finding]:
    for row in system.rows(_GRANTS)[:SHOWN]:
        rights = ", ".join(row["rights"])
        yield warn(
            f"{row['grantee']} has {rights} on {row['name']}, which only triggers may write",
            f"REVOKE {rights} ON {row['name']} FROM {row['grantee']};",
        )
    for row in system.rows(_OTHERS, {"ours": list(TRIGGERS)})[:SHOWN]:
        effect = "may change an event's content" if row["is_on_orders"] else "acts on events"
        yield warn(
            f"trigger {row['name']} on {row['table']}, which is not Doorbell's, calls {row['function']} and {effect}",
            f"DROP TRIGGER {row['name']} ON {row['table']};  -- unless it is intended",
        )
    ours = [*TRIGGERS, "order_events_delete_old", "privacy_delete_tenant", "privacy_remove_orders"]
    for row in system.rows(_CODE, {"writes": _WRITES, "ours": ours})[:SHOWN]:
        yield warn(
            f"the {row['kind']} {row['name']}, which is not Doorbell's, writes order_events and locks no order",
            f"{row['remove']}  -- and write orders instead",
        )
    yield ok("only the triggers on orders")
