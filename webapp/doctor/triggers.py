"""The triggers that write events and ring: there, enabled for ordinary sessions, and calling our functions."""

from __future__ import annotations

from collections.abc import Iterator

from .finding import Finding, fault, ok
from .system import System

# Trigger (and its function of the same name) -> table.
TRIGGERS = {
    "orders_inserted": "orders",
    "orders_updated": "orders",
    "orders_deleted": "orders",
    "orders_truncated": "orders",
    "order_events_inserted": "order_events",
}
_ENABLED = ("O", "A")  # pg_trigger.tgenabled: ordinary sessions, always; D is disabled, R for replication only

_STATE = """
SELECT t.tgname AS name, c.relname AS "table", t.tgenabled::text AS enabled, p.proname AS function,
       p.pronamespace = c.relnamespace AS beside_its_table
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid
WHERE t.tgrelid IN (to_regclass('orders'), to_regclass('order_events')) AND NOT t.tgisinternal
"""


def look(system: System) -> Iterator[Finding]:
    there = {(row["name"], row["table"]): row for row in system.rows(_STATE)}
    for name, table in TRIGGERS.items():
        row = there.get((name, table))
        if row is None:
            yield fault(
                f"{name} on {table} is missing",
                "Changes are not published. Restore it from migrations/schema.sql, or the database from a backup.",
            )
        elif row["enabled"] not in _ENABLED:
            state = "disabled" if row["enabled"] == "D" else "enabled for replication only"
            yield fault(f"{name} on {table} is {state}", f"ALTER TABLE {table} ENABLE TRIGGER {name};")
        elif row["function"] != name or not row["beside_its_table"]:
            yield fault(
                f"{name} on {table} calls {row['function']}(), not ours",
                f"Create it again with EXECUTE FUNCTION {name}(), as in migrations/schema.sql.",
            )
    (role,) = system.rows("SELECT current_setting('session_replication_role') AS role")
    if role["role"] == "replica":
        yield fault(
            "sessions begin with session_replication_role = replica, so no trigger fires",
            "ALTER DATABASE … RESET session_replication_role; and the same for the role (ALTER ROLE).",
        )
    yield ok(f"{len(TRIGGERS)} there and enabled")
