"""The triggers on a table and its partitions: their SQL, those that are there, and those that are missing.

A statement that names a partition does not fire the triggers of the table, and one that names the table does not fire those
of its partitions. So all of them have triggers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.rows import class_row

from . import function_sql, locks
from .catalog import TablePart
from .errors import AttachRefused
from .mapped_sql import AttachTarget

# Doorbell's own triggers, which do not fire for logical replication unless they are ALWAYS.
_EVENT_TRIGGERS = (
    ("orders", "orders_inserted"),
    ("orders", "orders_updated"),
    ("orders", "orders_deleted"),
    ("order_events", "order_events_inserted"),
)
_ALWAYS = """
SELECT tgname FROM pg_trigger WHERE tgrelid IN ('orders'::regclass, 'order_events'::regclass) AND tgenabled = 'A'
"""
_EVENTS = {
    "inserted": ("AFTER INSERT", "REFERENCING NEW TABLE AS new_rows"),
    "updated": ("AFTER UPDATE", "REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows"),
    "deleted": ("AFTER DELETE", "REFERENCING OLD TABLE AS old_rows"),
}
# Also those on tables that are no partitions of the attached table any more.
_THERE = """
SELECT t.tgrelid::bigint AS oid, quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS sql, t.tgname AS name,
       t.tgenabled::text AS enabled, p.proname AS function
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_proc p ON p.oid = t.tgfoid
WHERE NOT t.tgisinternal AND p.proname LIKE 'attach\\_' || %(id)s || '\\_%%'
    AND p.pronamespace = (SELECT relnamespace FROM pg_class WHERE oid = 'orders'::regclass)
    AND (t.tgparentid = 0 OR %(with_clones)s)
ORDER BY 2, 3
"""


@dataclass(frozen=True)
class AttachTrigger:
    """A trigger that calls a function of an attachment. `sql` is the table's quoted name."""

    oid: int
    sql: str
    name: str
    enabled: str
    function: str


@dataclass(frozen=True)
class WantedTrigger:
    """A trigger that a part of the table must have, with the statements that make it."""

    part: TablePart
    name: str
    statements: tuple[str, ...]


def wanted(target: AttachTarget) -> Iterator[WantedTrigger]:
    """The triggers of all parts of the table."""
    for part in target.table.parts:
        if target.is_replica:
            # On the partitioned table, PostgreSQL copies a row trigger to each partition, new ones too.
            if part.oid == target.table.oid:
                yield _row_trigger(target, part)
        else:
            for purpose, (event, tables) in _EVENTS.items():
                yield _trigger(target, part, purpose, f"{event} ON {part.sql} {tables} FOR EACH STATEMENT")
        if part.kind == "r":
            # TRUNCATE of a partitioned table fires the triggers of its partitions.
            yield _trigger(target, part, "truncated", f"BEFORE TRUNCATE ON {part.sql} FOR EACH STATEMENT")


def always_event_triggers(schema: str) -> list[tuple[str, str]]:
    """Per table, the statement that lets one of Doorbell's own triggers fire for logical replication."""
    quoted = '"' + schema.replace('"', '""') + '"'
    return [
        (f"{quoted}.{table}", f"ALTER TABLE {quoted}.{table} ENABLE ALWAYS TRIGGER {name}")
        for table, name in _EVENT_TRIGGERS
    ]


def set_event_triggers(conn: psycopg.Connection[Any], schema: str, *, always: bool) -> None:
    """Let Doorbell's own triggers fire for logical replication, or not. Raises AttachRefused when orders stays locked."""
    is_always = {row[0] for row in conn.execute(_ALWAYS).fetchall()}
    for (table, statement), (_, name) in zip(always_event_triggers(schema), _EVENT_TRIGGERS, strict=True):
        if (name in is_always) is always:
            continue
        row = conn.execute("SELECT %s::regclass::oid::bigint", [table]).fetchone()
        assert row is not None
        wanted_statement = statement if always else statement.replace("ENABLE ALWAYS", "ENABLE")
        run(conn, row[0], table, [wanted_statement], locks.GIVE_UP_SECONDS)


def present(conn: psycopg.Connection[Any], attachment_id: int, *, with_clones: bool = False) -> list[AttachTrigger]:
    values = {"id": str(attachment_id), "with_clones": with_clones}
    with conn.cursor(row_factory=class_row(AttachTrigger)) as cursor:
        return cursor.execute(_THERE, values).fetchall()


def missing(conn: psycopg.Connection[Any], target: AttachTarget) -> list[WantedTrigger]:
    there = {(trigger.oid, trigger.name) for trigger in present(conn, target.id)}
    return [trigger for trigger in wanted(target) if (trigger.part.oid, trigger.name) not in there]


def disabled(conn: psycopg.Connection[Any], target: AttachTarget) -> list[AttachTrigger]:
    """Those that do not fire as they should."""
    fires = ("A",) if target.is_replica else ("O", "A")
    return [trigger for trigger in present(conn, target.id, with_clones=True) if trigger.enabled not in fires]


def strays(conn: psycopg.Connection[Any], target: AttachTarget) -> list[AttachTrigger]:
    """Those on tables that were partitions once."""
    parts = {part.oid for part in target.table.parts}
    return [trigger for trigger in present(conn, target.id) if trigger.oid not in parts]


def ensure(conn: psycopg.Connection[Any], target: AttachTarget, give_up_seconds: float = locks.GIVE_UP_SECONDS) -> int:
    """Create the missing triggers and drop the stray ones; returns how many. Each table is locked for a moment.

    Raises AttachRefused when a table stays locked.
    """
    todo: dict[int, tuple[str, list[str]]] = {}
    for lacking in missing(conn, target):
        todo.setdefault(lacking.part.oid, (lacking.part.name, []))[1].extend(lacking.statements)
    for stray in strays(conn, target):
        todo.setdefault(stray.oid, (stray.sql, []))[1].append(f"DROP TRIGGER {stray.name} ON {stray.sql}")
    for oid, (name, statements) in todo.items():
        run(conn, oid, name, statements, give_up_seconds)
    return sum(len(statements) for _, statements in todo.values())


def run(conn: psycopg.Connection[Any], oid: int, name: str, statements: list[str], give_up_seconds: float) -> None:
    """Run statements that lock one table, in a transaction of their own."""

    def work() -> None:
        for statement in statements:
            conn.execute(statement.encode())

    try:
        locks.with_retries(conn, oid, name, work, give_up_seconds)
    except psycopg.errors.InsufficientPrivilege as error:
        raise AttachRefused(
            f"Doorbell's role may not change the triggers of {name} ({error.diag.message_primary}). As the owner of {name}: "
            f"{'; '.join(statements)}; then run the same command again."
        ) from error


def _trigger(target: AttachTarget, part: TablePart, purpose: str, when: str) -> WantedTrigger:
    name = f"doorbell_{purpose}"
    statements = [f"CREATE TRIGGER {name} {when} EXECUTE FUNCTION {function_sql.names(target)[purpose]}()"]
    if target.is_replica:
        statements.append(f"ALTER TABLE {part.sql} ENABLE ALWAYS TRIGGER {name}")
    return WantedTrigger(part, name, tuple(statements))


def _row_trigger(target: AttachTarget, part: TablePart) -> WantedTrigger:
    return _trigger(target, part, "written", f"AFTER INSERT OR UPDATE OR DELETE ON {part.sql} FOR EACH ROW")
