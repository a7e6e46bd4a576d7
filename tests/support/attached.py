"""A shop's table, attached: its statements, and the comparison of its rows with the orders."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import psycopg

from webapp.attach import attachments, backfill, catalog, check, install, proposal
from webapp.attach.attachments import Attachment
from webapp.attach.check import Drift
from webapp.attach.mapped_sql import AttachTarget
from webapp.attach.proposal import Wish
from webapp.postgres import session

from .world import Service

SHOP_ORDERS = """
CREATE SCHEMA IF NOT EXISTS shop;
CREATE TABLE shop.orders (
    id bigint PRIMARY KEY,
    order_number text NOT NULL,
    customer_name text NOT NULL,
    total numeric(12, 2) NOT NULL,
    refunded numeric(12, 2) NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    paid_at timestamptz,
    shipped_at timestamptz,
    deleted_at timestamptz,
    note text
)"""
# The order of each row that is not deleted, as it must be.
_EXPECTED = """
SELECT t.id::text, t.order_number, t.customer_name, (t.total * 100)::bigint, (t.refunded * 100)::bigint, t.created_at,
       t.paid_at, t.shipped_at FROM shop.orders t WHERE t.deleted_at IS NULL
"""
_FOUND = """
SELECT external_id, number, customer, total_minor, refunded_minor, placed_at, paid_at, shipped_at FROM orders
WHERE source = 'shop.orders'
"""


@dataclass
class Shop:
    """The shop's table. `conn` writes as the shop's program does."""

    service: Service
    conn: psycopg.Connection[Any]
    tenant_id: int
    wish: dict[str, Any] = field(default_factory=dict)

    def execute(self, statement: str, *values: Any) -> psycopg.Cursor[Any]:
        return self.conn.execute(statement.encode(), values or None)

    def add(self, id: int, total: str = "10.00", **columns: Any) -> None:
        row = {"id": id, "order_number": f"S{id}", "customer_name": "Toms", "total": total, **columns}
        names, marks = ", ".join(row), ", ".join(["%s"] * len(row))
        self.execute(f"INSERT INTO shop.orders ({names}) VALUES ({marks})", *row.values())

    def propose(self, table: str = "shop.orders", **wish: Any) -> proposal.Proposal:
        values = {"maps": {}, "statuses": {}, "owners": {}, **self.wish, **wish}
        tenant_id = None if "tenant" in values["maps"] else self.tenant_id
        with self.connect() as conn:
            return proposal.propose(conn, catalog.find(conn, table), tenant_id, Wish(**values))

    def install(self, table: str = "shop.orders", **wish: Any) -> AttachTarget:
        """The triggers, without the old rows."""
        target = self.propose(table, **wish).target
        with self.connect() as conn:
            install.install(conn, target, "a test")
        return target

    def attach(self, table: str = "shop.orders", **wish: Any) -> AttachTarget:
        target = self.install(table, **wish)
        with self.connect() as conn:
            assert backfill.run(conn, target)
        return target

    def check(self) -> Drift:
        with self.connect() as conn:
            (attachment,) = attachments.every(conn)
            return check.run(conn, attachment)

    def attachment(self) -> Attachment:
        (found,) = attachments.every(self.conn)
        return found

    def connect(self) -> psycopg.Connection[Any]:
        return session.connect(self.service.database_url, "doorbell attach", autocommit=True)

    def orders(self, columns: str = "number, total_minor, status") -> list[tuple[Any, ...]]:
        return self.conn.execute(
            f"SELECT {columns} FROM orders WHERE external_id IS NOT NULL ORDER BY number"
        ).fetchall()

    def problems(self) -> list[tuple[Any, ...]]:
        return self.conn.execute(
            "SELECT external_id, code, reason FROM attach_problems ORDER BY external_id"
        ).fetchall()

    def differences(self) -> dict[str, int]:
        """Rows of SHOP_ORDERS without an order, orders without a row, and orders with other values."""
        expected = {row[0]: row for row in self.conn.execute(_EXPECTED)}
        found = {row[0]: row for row in self.conn.execute(_FOUND)}
        return {
            "missing": len(expected.keys() - found.keys()),
            "ghosts": len(found.keys() - expected.keys()),
            "stale": sum(found[key] != expected[key] for key in found.keys() & expected.keys()),
        }


SAME = {"missing": 0, "ghosts": 0, "stale": 0}
