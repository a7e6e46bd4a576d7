"""A row in each table of a tenant, a name planted in each of its texts, and a search over all columns of the database."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import psycopg
import redis
from psycopg import errors, sql
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from webapp.privacy import jobs, subjects, tables
from webapp.privacy.subjects import Subject
from webapp.privacy.tables import Column, Table
from webapp.privacy.worker import PrivacyWorker

from .world import World

# Values that a check of the table demands, or that a reference needs.
VALUES: dict[tuple[str, str], Any] = {
    ("attachments", "relation"): "orders",
    ("attachments", "created_by"): "ana",
    ("invitations", "role"): "sales",
    ("notifications", "type"): "webhook_disabled",
    ("notifications", "destination"): "hook",
    ("notifications", "error"): "x",
    ("notifications", "order_id"): None,
    ("quiet_hours", "ends"): "07:00",
    ("quiet_hours", "starts"): "20:00",
    ("relay_destinations", "kind"): "webhook",
    ("relay_destinations", "name"): "hook",
    ("relay_receipts", "event_ids"): [1],
    ("relay_receipts", "positions"): ["1-0"],
    ("relay_receipts", "events"): "[1,2)",
    ("sales_targets", "period"): "day",
    ("sso_connections", "rules"): Jsonb([]),
    ("sso_domains", "domain"): "example.com",
    ("tv_links", "screens"): ["today"],
    ("upload_chunks", "kind"): "report",
    ("webhook_deliveries", "body"): b'{"data":{}}',
}
# Columns of JSON in which a check demands a list.
LISTS = {("sso_connections", "rules")}
BY_TYPE = {
    "bigint": 1,
    "integer": 1,
    "smallint": 1,
    "text": "x",
    "character varying": "x",
    "jsonb": Jsonb({}),
    "bytea": b"\1" * 32,
    "boolean": False,
    "date": "2026-01-02",
    "uuid": "6f2b9c1e-0000-4000-8000-000000000001",
    "text[]": [],
    "bigint[]": [],
    "numeric": 1,
}
NOT_FILLED = {
    "privacy_jobs",
    "tenants",
    "users",
    "orders",
    "outbox_readers",
    "audit_log",
    "audit_log_cursor",
    "alembic_version",
    "order_events",
}
_COLUMNS = """
SELECT column_name, data_type, is_nullable = 'NO' AND column_default IS NULL AND is_identity = 'NO'
           AND is_generated = 'NEVER' AS needed
FROM information_schema.columns WHERE table_schema = 'public' AND table_name = %s ORDER BY ordinal_position
"""


def fill(world: World, tenant: int, user: int, order: int) -> None:
    """A row of the tenant in each table, in the order of their references."""
    conn = world.conn
    known: dict[str, Any] = {"tenant_id": tenant, "user_id": user, "order_id": order}
    known |= {"owner_id": user, "actor_id": user, "created_by": user, "requested_by": user}
    parents = {"relay_destinations": "destination_id", "uploads": "upload_id", "webhook_deliveries": "delivery_id"}
    parents |= {"attachments": "attachment_id"}
    roots = {table.root for table in tables.read(conn)} - NOT_FILLED
    for root in sorted(
        roots, key=lambda name: (name not in parents, list(parents).index(name) if name in parents else 0, name)
    ):
        found = _insert(conn, root, known)
        if root in parents:
            known[parents[root]] = found["id"]


def _insert(conn: psycopg.Connection[Any], table: str, known: dict[str, Any]) -> dict[str, Any]:
    row: dict[str, Any] = {}
    with conn.cursor(row_factory=dict_row) as cursor:
        for column in cursor.execute(_COLUMNS, [table]).fetchall():
            name, kind = str(column["column_name"]), str(column["data_type"])
            if (table, name) in VALUES:
                row[name] = VALUES[table, name]
            elif (
                kind == "bigint"
                and name in known
                and (column["needed"] or table == "notifications" or name != "destination_id")
            ):
                row[name] = known[name]
            elif column["needed"]:
                row[name] = "now" if kind.startswith("timestamp") else BY_TYPE[{"ARRAY": "text[]"}.get(kind, kind)]
        names = list(row)
        statement = sql.SQL("INSERT INTO {} ({}) VALUES ({}) RETURNING *").format(
            sql.Identifier(table),
            sql.SQL(", ").join(map(sql.Identifier, names)),
            sql.SQL(", ").join(map(sql.Placeholder, names)),
        )
        found = cursor.execute(statement, row).fetchone()
        assert found is not None
        return found


def plant(conn: psycopg.Connection[Any], tenant: int, name: str, *, is_user: bool) -> set[str]:
    """Write the name into each searched column of each row of the tenant. Returns the columns, as table.column."""
    planted = set()
    conn.execute("SET doorbell.events = off")
    for table in tables.read(conn):
        for column in table.searched(is_user=is_user):
            if _plant(conn, table, column, tenant, name, "note" if is_user else "customer"):
                planted.add(f"{table.root}.{column.name}")
    conn.execute("RESET doorbell.events")
    return planted


def _plant(conn: psycopg.Connection[Any], table: Table, column: Column, tenant: int, name: str, key: str) -> bool:
    """Whether the table has a row of the tenant."""
    value: Any = f"for {name}s order" if column.name != "customer" else name
    document = {key: name, "deep": [{name: f'a "quote" {name.upper()}'}]}
    if column.type in ("jsonb", "json"):
        is_list = (table.root, column.name) in LISTS
        value = Jsonb([document] if is_list else document)
    elif column.type == "bytea":
        value = json.dumps(document, ensure_ascii=False).encode()
    elif column.type.endswith("[]"):
        value = [value]
    statement = sql.SQL("UPDATE ONLY {} t SET {} = %(value)s WHERE {}").format(
        table.identifier, column.identifier, table.of_tenant
    )
    values = {"value": value, "tenant": tenant}
    try:
        return conn.execute(statement, values).rowcount > 0
    except errors.UniqueViolation:
        return True
    except errors.CheckViolation:  # a column that other rows do not have
        some = sql.SQL(" AND t.{} IS NOT NULL").format(column.identifier)
        return conn.execute(statement + some, values).rowcount > 0


def places(conn: psycopg.Connection[Any], *needles: str) -> set[str]:
    """The columns of all tables whose bytes have one of the texts, in any case: as table.column."""
    found = set()
    rows = conn.execute(
        "SELECT c.table_name, c.column_name, c.data_type FROM information_schema.columns c"
        " JOIN information_schema.tables t USING (table_schema, table_name)"
        " WHERE c.table_schema = 'public' AND t.table_type = 'BASE TABLE'"
    ).fetchall()
    for table, column, kind in rows:
        name = sql.Identifier(column)
        text = sql.SQL("{}::text").format(name)
        if kind == "bytea":
            text = sql.SQL("encode({}, 'hex')").format(name)
        for needle in needles:
            wanted = needle.lower() if kind != "bytea" else needle.encode().hex()
            statement = sql.SQL("SELECT EXISTS (SELECT FROM {} WHERE position({} IN lower({})) > 0)").format(
                sql.Identifier(table), sql.Literal(wanted), text
            )
            if conn.execute(statement).fetchone() == (True,):
                found.add(f"{table}.{column}")
    return found


class Privacy:
    """Erasures of one tenant, run by a worker in the test's process with the address `url` of the database."""

    def __init__(self, url: str, conn: psycopg.Connection[Any], client: redis.Redis, tenant: int) -> None:
        self.conn, self.tenant = conn, tenant
        self.worker = PrivacyWorker(url, client)

    def request(self, subject: Subject) -> jobs.PrivacyTask:
        return jobs.request(self.conn, subject, subjects.pseudonym(subject.kind), None)[0]

    def customer(self, name: str, also: Iterable[str] = ()) -> jobs.PrivacyTask:
        """Erase a customer; the job at its end."""
        job = self.request(subjects.customer(self.conn, self.tenant, name, also))
        self.worker.run()
        return self.find(job.id)

    def find(self, job_id: int) -> jobs.PrivacyTask:
        return next(job for job in jobs.newest(self.conn, self.tenant) if job.id == job_id)
