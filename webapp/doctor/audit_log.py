"""Check of the triggers that keep the audit log append-only, and of other roles' rights to change it."""

from __future__ import annotations

from collections.abc import Iterator

from .finding import Finding, fault, ok, warn
from .system import System

# Trigger, which calls the function of the same name -> bits of pg_trigger.tgtype: 1 for each row, 2 before, 4 insert, 8 delete,
# 16 update, 32 truncate.
TRIGGERS = {
    "audit_log_inserting": 7,
    "audit_log_updating": 19,
    "audit_log_deleted": 8,
    "audit_log_truncating": 34,
}
_STATE = """
SELECT t.tgname AS name, t.tgenabled::text AS enabled, p.proname AS function, t.tgtype AS type,
       p.pronamespace = c.relnamespace AND t.tgqual IS NULL AND t.tgattr::text = '' AS is_whole
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid
WHERE t.tgrelid = to_regclass('audit_log') AND NOT t.tgisinternal
"""
_GRANTS = """
SELECT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(a.grantee::regrole::text) END AS grantee,
       array_agg(DISTINCT a.privilege_type ORDER BY a.privilege_type) AS rights
FROM pg_class c CROSS JOIN LATERAL aclexplode(c.relacl) AS a
WHERE c.oid = to_regclass('audit_log') AND a.grantee <> c.relowner
    AND a.privilege_type IN ('UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER')
GROUP BY a.grantee ORDER BY 1
"""


def check(system: System) -> Iterator[Finding]:
    present = {row["name"]: row for row in system.rows(_STATE)}
    for name, bits in TRIGGERS.items():
        row = present.get(name)
        if row is None:
            yield fault(
                f"{name} on audit_log is missing, so entries may have been changed or deleted",
                "Restore it from migrations/schema.sql, and find out who dropped it.",
            )
        elif row["enabled"] not in ("O", "A"):
            yield fault(
                f"{name} on audit_log is disabled, so entries may have been changed or deleted",
                f"ALTER TABLE audit_log ENABLE TRIGGER {name};",
            )
        elif (row["function"], row["type"], row["is_whole"]) != (name, bits, True):
            yield fault(
                f"{name} on audit_log is not the trigger of Doorbell",
                "Create it again as in migrations/schema.sql, and find out who changed it.",
            )
    for row in system.rows(_GRANTS):
        rights = ", ".join(row["rights"])
        yield warn(
            f"{row['grantee']} has {rights} on audit_log, which needs only INSERT and SELECT",
            f"REVOKE {rights} ON audit_log FROM {row['grantee']};",
        )
    yield ok(f"append-only: {len(TRIGGERS)} triggers present and enabled")
