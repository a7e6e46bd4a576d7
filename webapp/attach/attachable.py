"""Which tables can be attached: ordinary and partitioned ones with a primary key, whose rows Doorbell may read and lock."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import psycopg

from ..db import db
from ..language import N_
from ..language import gettext as _
from .errors import AttachRefused

if TYPE_CHECKING:
    from .catalog import SourceTable

_OTHER_THAN_TABLES = {
    "v": (
        N_("a view"),
        N_("Attach the table that the view reads, and map its columns by expressions."),
    ),
    "m": (N_("a materialized view"), N_("Attach the table that it reads.")),
    "f": (
        N_("a foreign table"),
        N_(
            "Its server fires no triggers here. Replicate it into this database by logical replication, "
            "and attach the copy with --replica."
        ),
    ),
    "S": (N_("a sequence"), N_("Give the name of a table.")),
    "i": (N_("an index"), N_("Give the name of a table.")),
    "I": (N_("an index"), N_("Give the name of a table.")),
    "c": (N_("a type"), N_("Give the name of a table.")),
}


def own_tables() -> set[str]:
    """The names of Doorbell's own tables, without the partitions of order_events."""
    return {*db.metadata.tables, "alembic_version"}


def check(conn: psycopg.Connection[Any], table: SourceTable, facts: Mapping[str, Any]) -> None:
    """Raises AttachRefused for a table that cannot be attached. `facts` is its row of catalog.read."""
    _check_kind(table.name, facts)
    _check_relatives(conn, table, facts)
    _check_key(table)
    _check_rights(table, facts)


def _check_kind(name: str, facts: Mapping[str, Any]) -> None:
    """It is a table, and the user's own."""
    if facts["kind"] in _OTHER_THAN_TABLES:
        what, advice = _OTHER_THAN_TABLES[facts["kind"]]
        raise AttachRefused(
            _(
                "%(name)s is %(what)s; only a table can be attached. %(advice)s",
                name=name,
                what=_(what),
                advice=_(advice),
            )
        )
    if facts["is_beside_orders"] and (facts["name"] in own_tables() or facts["name"].startswith("order_events")):
        raise AttachRefused(
            _(
                "%(name)s is Doorbell's own table, and its triggers would call each other without end. Give the "
                "table of your shop.",
                name=name,
            )
        )
    if facts["schema"] in ("pg_catalog", "information_schema") or facts["is_temporary"]:
        raise AttachRefused(
            _("%(name)s is a temporary table. Give a table of your own.", name=name)
            if facts["is_temporary"]
            else _("%(name)s is a system table. Give a table of your own.", name=name)
        )


def _check_relatives(conn: psycopg.Connection[Any], table: SourceTable, facts: Mapping[str, Any]) -> None:
    """It is no part of another table, and no table inherits from it."""
    name = table.name
    if facts["is_partition"]:
        row = conn.execute(
            "SELECT inhparent::regclass::text FROM pg_inherits WHERE inhrelid = %s", [table.oid]
        ).fetchone()
        raise AttachRefused(
            _(
                "%(name)s is a partition of %(row)s; attach that table, with all its partitions.",
                name=name,
                row=row[0] if row else _("a table"),
            )
        )
    if facts["has_children"]:
        raise AttachRefused(
            _(
                "%(name)s has child tables by INHERITS, whose rows have no common primary key. Attach each of them.",
                name=name,
            )
        )


def _check_key(table: SourceTable) -> None:
    if not table.key:
        columns = ", ".join(column.name for column in table.columns[:4]) or "none"
        raise AttachRefused(
            _(
                "%(name)s has no primary key, which identifies the order of a row; its columns: %(columns)s. Add "
                "one: ALTER TABLE %(sql)s ADD PRIMARY KEY (…);",
                name=table.name,
                columns=columns,
                sql=table.sql,
            )
        )


def _check_rights(table: SourceTable, facts: Mapping[str, Any]) -> None:
    foreign = [part.name for part in table.parts if part.kind == "f"]
    if foreign:
        raise AttachRefused(
            _(
                "The partition %(foreign)s of %(name)s is a foreign table, which fires no triggers here. Detach "
                "that partition.",
                foreign=foreign[0],
                name=table.name,
            )
        )
    role = facts["role"]
    lacking = [part.sql for part in table.parts if not part.may_trigger]
    if not facts["is_readable"] or lacking:
        tables = ", ".join(dict.fromkeys([*([] if facts["is_readable"] else [table.sql]), *lacking[:5]]))
        raise AttachRefused(
            _(
                "Doorbell's role %(role)s may not read %(name)s, lock its rows and create triggers on it. As "
                '%(facts)s: GRANT SELECT, UPDATE, TRIGGER ON %(tables)s TO "%(role)s"; (PostgreSQL asks for '
                "UPDATE to lock rows; Doorbell changes none.)",
                role=role,
                name=table.name,
                facts=facts["owner"],
                tables=tables,
            )
        )
    if facts["hides_rows"]:
        raise AttachRefused(
            _(
                "%(name)s has row security, which hides rows from Doorbell's role %(role)s; it would delete "
                'their orders. Exempt it: ALTER ROLE "%(role)s" BYPASSRLS;',
                name=table.name,
                role=role,
            )
        )
