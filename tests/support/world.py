"""What tests stand on: the addresses of the services, and tenants, people and orders made by plain SQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row


@dataclass(frozen=True)
class Service:
    """Where this test's PostgreSQL database and Redis are."""

    database_url: str
    redis_url: str


class World:
    """Each method commits at once and returns the new row's id."""

    def __init__(self, conn: psycopg.Connection) -> None:
        self.conn = conn
        self._numbers = 0

    def tenant(self, slug: str = "acme", **columns: Any) -> int:
        row = {"slug": slug, "name": slug.title(), "timezone": "Europe/Berlin", "currency": "EUR", "locale": "en_GB"}
        return self.insert("tenants", row | columns)

    def user(self, tenant_id: int, name: str = "Ana Silva", **columns: Any) -> int:
        email = f"{name.split()[0].lower()}.{tenant_id}@example.com"
        return self.insert("users", {"tenant_id": tenant_id, "name": name, "email": email} | columns)

    def order(self, tenant_id: int, total_minor: int = 1000, **columns: Any) -> int:
        """An order; with `assigns=True` its owner is notified of it, as when another person places it.

        An order that is inserted as paid notifies of the payment in any case.
        """
        self._numbers += 1
        assigns = columns.pop("assigns", False)
        row = {
            "tenant_id": tenant_id,
            "number": f"T{self._numbers}",
            "customer": "Toms Spezialitäten",
            "currency": "EUR",
        }
        row |= {"total_minor": total_minor} | columns
        is_placed = not row.keys() & {"paid_at", "shipped_at", "cancelled_at"}
        if assigns or not is_placed or row.get("owner_id") is None:
            return self.insert("orders", row)
        with self.conn.transaction(), self._without_notifications():
            return self.insert("orders", row)

    @contextmanager
    def _without_notifications(self) -> Iterator[None]:
        """For the statements inside, also when they are only a part of their transaction."""
        setting = "SELECT set_config('doorbell.notify', %s, true)"
        before = self.conn.execute("SELECT current_setting('doorbell.notify', true)").fetchone()
        assert before is not None
        self.conn.execute(setting, ["off"])
        yield
        self.conn.execute(setting, [before[0] or ""])

    def change(self, order_id: int, **columns: Any) -> None:
        """One UPDATE in one transaction, as psql would send it."""
        sets = sql.SQL(", ").join(
            sql.SQL("{} = {}").format(sql.Identifier(name), value) for name, value in columns.items()
        )
        self.conn.execute(sql.SQL("UPDATE orders SET {} WHERE id = {}").format(sets, order_id))

    def events(self, tenant_id: int | None = None) -> list[dict[str, Any]]:
        """All events, oldest first."""
        with self.conn.cursor(row_factory=dict_row) as cursor:
            where = "WHERE tenant_id = %s" if tenant_id else ""
            return cursor.execute(
                f"SELECT * FROM order_events {where} ORDER BY id", [tenant_id] if tenant_id else []
            ).fetchall()

    def now(self) -> datetime:
        row = self.conn.execute("SELECT now()").fetchone()
        assert row is not None
        return row[0]

    def insert(self, table: str, row: dict[str, Any]) -> int:
        statement = sql.SQL("INSERT INTO {} ({}) VALUES ({}) RETURNING id").format(
            sql.Identifier(table),
            sql.SQL(", ").join(map(sql.Identifier, row)),
            sql.SQL(", ").join(map(sql.Literal, row.values())),
        )
        found = self.conn.execute(statement).fetchone()
        assert found is not None
        return found[0]
