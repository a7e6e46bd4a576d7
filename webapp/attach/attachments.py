"""The rows of `attachments` as objects, and what the generated functions need to know of one."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from ..models import SOURCE_MAX_CHARS
from . import catalog
from .errors import AttachRefused
from .mapped_sql import AttachTarget
from .mapping import RowMapping

BACKFILLING, LIVE = "backfilling", "live"


@dataclass(frozen=True)
class Attachment:
    """An attached table (models/attachment.py). `relation_name` is its present name, NULL when it was dropped."""

    id: int
    name: str
    oid: int
    relation_name: str | None
    tenant_id: int | None
    mapping: dict[str, Any]
    is_replica: bool
    state: str
    last_key: list[str] | None
    rows_done: int
    rows_total: int
    fence: str | None
    created_by: str
    created_at: datetime
    backfilled_at: datetime | None
    check_requested_at: datetime | None
    checked_at: datetime | None
    missing: int
    stale: int
    ghosts: int
    fault: str | None

    @property
    def drift(self) -> int:
        """Orders that differed from the table at the last check, which repaired them."""
        return self.missing + self.stale + self.ghosts

    @property
    def rows(self) -> RowMapping:
        return RowMapping.from_json(self.mapping)


_SPECIAL = {
    "oid": "a.relation::oid::bigint AS oid",
    "relation_name": "n.nspname || '.' || c.relname AS relation_name",
    "fence": "a.fence::text AS fence",
}
_COLUMNS = ", ".join(_SPECIAL.get(column.name, f"a.{column.name}") for column in fields(Attachment))
_SELECT = f"""
SELECT {_COLUMNS} FROM attachments a
LEFT JOIN pg_class c ON c.oid = a.relation LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
"""
# As destinations of the relay: an attachment whose rows name their tenants is shown only to the one tenant there is.
_VISIBLE = """
(a.tenant_id = %(tenant)s OR a.tenant_id IS NULL AND tenancy_is_only(%(tenant)s))
"""
_INSERT = """
INSERT INTO attachments (id, name, relation, tenant_id, mapping, is_replica, rows_total, created_by)
OVERRIDING SYSTEM VALUE
VALUES (%(id)s, %(name)s, %(oid)s::oid::regclass, %(tenant)s, %(mapping)s, %(replica)s, %(total)s, %(by)s)
"""
_SCHEMA = """
SELECT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = 'orders'::regclass
"""


def every(conn: psycopg.Connection[Any]) -> list[Attachment]:
    """All attachments by name. Raises psycopg.Error, as each function here."""
    return _read(conn, "ORDER BY a.name", {})


def visible(conn: psycopg.Connection[Any], tenant_id: int) -> list[Attachment]:
    """Those that the managers of a tenant see."""
    return _read(conn, f"WHERE {_VISIBLE} ORDER BY a.name", {"tenant": tenant_id})


def by_id(conn: psycopg.Connection[Any], attachment_id: int) -> Attachment | None:
    return next(iter(_read(conn, "WHERE a.id = %(id)s", {"id": attachment_id})), None)


def of_table(conn: psycopg.Connection[Any], oid: int) -> Attachment | None:
    return next(iter(_read(conn, "WHERE a.relation::oid = %(oid)s::oid", {"oid": oid})), None)


def by_name(conn: psycopg.Connection[Any], name: str) -> Attachment:
    """The attachment of that name, or of the table that has the name now. Raises AttachRefused."""
    plain = name.replace('"', "")
    for attachment in _read(conn, "WHERE %(name)s IN (a.name, n.nspname || '.' || c.relname)", {"name": plain}):
        return attachment
    known = ", ".join(attachment.name for attachment in every(conn)) or "none"
    raise AttachRefused(f"{name!r} is not an attached table; attached: {known}. Attach it with: flask orders attach")


def new_id(conn: psycopg.Connection[Any]) -> int:
    """A number that no other attachment has or gets."""
    row = conn.execute("SELECT nextval(pg_get_serial_sequence('attachments', 'id'))").fetchone()
    assert row is not None
    return int(row[0])


def insert(conn: psycopg.Connection[Any], target: AttachTarget, created_by: str) -> None:
    """Raises AttachRefused when the table is attached already."""
    values = {"id": target.id, "name": target.name, "oid": target.table.oid, "tenant": target.tenant_id}
    values |= {"mapping": Jsonb(target.mapping.as_json()), "replica": target.is_replica, "by": created_by}
    try:
        conn.execute(_INSERT, values | {"total": target.table.estimate})
    except psycopg.errors.UniqueViolation as error:
        raise AttachRefused(
            f"{target.table.name} is attached already. Detach it first: flask orders detach {target.table.name}"
        ) from error


def target_of(conn: psycopg.Connection[Any], attachment: Attachment) -> AttachTarget:
    """Raises AttachRefused when the table is gone, or cannot be attached any more."""
    table = catalog.read(conn, attachment.oid)
    return AttachTarget(
        attachment.id,
        attachment.name,
        attachment.tenant_id,
        currency_of(conn, attachment.tenant_id),
        our_schema(conn),
        table,
        attachment.rows,
        attachment.is_replica,
    )


def our_schema(conn: psycopg.Connection[Any]) -> str:
    row = conn.execute(_SCHEMA).fetchone()
    assert row is not None
    return str(row[0])


def currency_of(conn: psycopg.Connection[Any], tenant_id: int | None) -> str | None:
    row = conn.execute("SELECT currency FROM tenants WHERE id = %s", [tenant_id]).fetchone()
    return None if row is None else str(row[0])


def source_name(table_name: str) -> str:
    """The source of the table's orders: its name, which is shortened where orders.source has no room for it."""
    if len(table_name) <= SOURCE_MAX_CHARS:
        return table_name
    return f"{table_name[: SOURCE_MAX_CHARS - 9]}~{hashlib.sha256(table_name.encode()).hexdigest()[:8]}"


def update(conn: psycopg.Connection[Any], attachment_id: int, **values: Any) -> None:
    """Set columns of an attachment."""
    sets = ", ".join(f"{name} = %({name})s" for name in values)
    conn.execute(f"UPDATE attachments SET {sets} WHERE id = %(id)s", {**values, "id": attachment_id})


def _read(conn: psycopg.Connection[Any], rest: str, values: dict[str, Any]) -> list[Attachment]:
    with conn.cursor(row_factory=class_row(Attachment)) as cursor:
        return cursor.execute(_SELECT + rest, values).fetchall()
