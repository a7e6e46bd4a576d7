"""Check of the triggers that write events and ring: present, enabled for ordinary sessions, and calling our functions."""

from __future__ import annotations

from collections.abc import Iterator

from .finding import Finding, fault, ok
from .system import System

# Trigger, which calls the function of the same name -> table.
TRIGGERS = {
    "orders_inserted": "orders",
    "orders_updated": "orders",
    "orders_deleted": "orders",
    "orders_truncated": "orders",
    "order_events_inserted": "order_events",
}
# Each fires once per statement of one operation, and after it, when the writer holds the locks of the rows. So an order's later
# event has the higher id (outbox/diff.py). TRUNCATE locks the table before its BEFORE triggers fire. Bits of pg_trigger.tgtype:
# 1 for each row, 2 before, 4 insert, 8 delete, 16 update, 32 truncate.
_FIRES = {
    "orders_inserted": ("AFTER INSERT", 4),
    "orders_updated": ("AFTER UPDATE", 16),
    "orders_deleted": ("AFTER DELETE", 8),
    "orders_truncated": ("BEFORE TRUNCATE", 34),
    "order_events_inserted": ("AFTER INSERT", 4),
}
# pg_trigger.tgenabled: O is ordinary sessions, A always; D is disabled, R for replication only.
_ENABLED = ("O", "A")

_STATE = """
SELECT t.tgname AS name, c.relname AS "table", t.tgenabled::text AS enabled, p.proname AS function,
       p.pronamespace = c.relnamespace AS beside_its_table, t.tgtype AS type,
       t.tgqual IS NOT NULL OR t.tgattr::text <> '' AS is_conditional
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid
WHERE t.tgrelid IN (to_regclass('orders'), to_regclass('order_events')) AND NOT t.tgisinternal
"""


def check(system: System) -> Iterator[Finding]:
    present = {(row["name"], row["table"]): row for row in system.rows(_STATE)}
    for name, table in TRIGGERS.items():
        row = present.get((name, table))
        if row is None:
            yield fault(
                f"{name} on {table} is missing",
                "Changes of orders write no events. Restore it from migrations/schema.sql, or the database from a backup.",
            )
        elif row["enabled"] not in _ENABLED:
            state = "disabled" if row["enabled"] == "D" else "enabled for replication only"
            yield fault(f"{name} on {table} is {state}", f"ALTER TABLE {table} ENABLE TRIGGER {name};")
        elif row["function"] != name or not row["beside_its_table"]:
            yield fault(
                f"{name} on {table} calls {row['function']}(), not ours",
                f"Create it again with EXECUTE FUNCTION {name}(), as in migrations/schema.sql.",
            )
        elif row["type"] != _FIRES[name][1] or row["is_conditional"]:
            yield fault(
                f"{name} on {table} does not fire {_FIRES[name][0]} for each statement, whatever it changes",
                "Create it again as in migrations/schema.sql: other triggers would miss changes, or misplace their events.",
            )
    (role,) = system.rows("SELECT current_setting('session_replication_role') AS role")
    if role["role"] == "replica":
        yield fault(
            "sessions start with session_replication_role = replica, so no trigger fires",
            "ALTER DATABASE … RESET session_replication_role; and the same for the role (ALTER ROLE).",
        )
    yield ok(f"{len(TRIGGERS)} present and enabled")
