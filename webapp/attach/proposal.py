"""The proposal: a mapping from the names and types of the columns, tried on rows of the table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import class_row

from ..language import gettext as _
from ..order_import.statuses import WORDPRESS_PREFIX
from . import attachments, function_sql, mapped_sql, proposal_notes, sandbox
from .catalog import SourceTable, TableColumn
from .errors import AttachRefused
from .fields import FIELDS, NUMBER, TIME
from .mapped_sql import AttachTarget
from .mapping import RowMapping
from .status_words import STAGES, folded, known

PREVIEW_ROWS = 20
# A number that another order of the tenant has.
_TAKEN = """
SELECT p.*, x.source AS number_of FROM {compare}() AS p
LEFT JOIN LATERAL (
    SELECT o.source FROM orders o WHERE o.tenant_id = p.tenant_id AND o.number = p.number
        AND (o.source, o.external_id) IS DISTINCT FROM ({name}, p.external_id) AND NOT p.is_excluded OFFSET 0
) AS x ON true
"""
_COUNTS = """
SELECT count(*) FILTER (WHERE NOT is_excluded AND reason IS NULL AND number_of IS NULL), count(*) FILTER (WHERE is_excluded),
       count(*) FILTER (WHERE reason IS NOT NULL OR number_of IS NOT NULL),
       count(*) FILTER (WHERE owner_id IS NULL AND NOT is_excluded)
FROM ({tried}) AS t
"""


@dataclass(frozen=True)
class PreviewedOrder:
    """A row as the order that it becomes. `reason` is why it becomes none; `number_of` is the source that has its number."""

    external_id: str
    number: str | None
    customer: str | None
    currency: str | None
    total_minor: int | None
    refunded_minor: int | None
    placed_at: datetime | None
    paid_at: datetime | None
    shipped_at: datetime | None
    cancelled_at: datetime | None
    is_excluded: bool
    reason: str | None
    number_of: str | None

    @property
    def fault(self) -> str | None:
        """Why it becomes no order, or None."""
        if self.number_of is not None:
            return _(
                "the number belongs to an order of the source %(source)r; give these a prefix: --prefix TEXT",
                source=self.number_of,
            )
        return self.reason


@dataclass(frozen=True)
class Proposal:
    """A mapping that was tried: the first rows as orders, and counts of a sample of `sampled` rows.

    `approximate` are the times that only a status gives. `kept_orders` are of an earlier attachment of the table.
    """

    target: AttachTarget
    preview: tuple[PreviewedOrder, ...]
    orders: int
    excluded: int
    faults: int
    unassigned: int
    approximate: tuple[str, ...]
    notes: tuple[str, ...]
    kept_orders: int

    @property
    def sampled(self) -> int:
        return self.orders + self.excluded + self.faults


@dataclass(frozen=True)
class Wish:
    """The choices of the person who attaches: expressions by field ("" leaves it out), words, owners, prefix, zone."""

    maps: Mapping[str, str]
    statuses: Mapping[str, str]
    owners: Mapping[str, str]
    prefix: str = ""
    zone: str | None = None
    is_replica: bool = False


def propose(conn: psycopg.Connection[Any], table: SourceTable, tenant_id: int | None, wish: Wish) -> Proposal:
    """Raises AttachRefused when a field is missing, an expression is not valid, or a status is not mapped.

    Nothing is left in the database. `conn` is in autocommit.
    """
    columns, notes = _by_name(table)
    chosen = {**columns, **wish.maps}
    for pair in (("total", "total_minor"), ("refunded", "refunded_minor")):
        _one_of(chosen, pair, wish.maps)
    if tenant_id is None and not chosen.get("tenant"):
        raise AttachRefused(
            _("No tenant is given. Write --tenant SLUG, or --map tenant=EXPRESSION where each row names its own.")
        )
    mapping = RowMapping({name: sql for name, sql in chosen.items() if sql}, owners=wish.owners, prefix=wish.prefix)
    mapping = replace(mapping, zone=_zone(conn, wish.zone))
    mapping.check()
    target = AttachTarget(
        attachments.new_id(conn), attachments.source_name(table.name), tenant_id,
        attachments.currency_of(conn, tenant_id), attachments.our_schema(conn), table, mapping, wish.is_replica,
    )  # fmt: skip
    with sandbox.opened(conn, target):
        mapping = replace(mapping, kinds=sandbox.kinds(conn, target, mapping))
        seen = sandbox.words(conn, target, mapping)
        statuses = _statuses(seen, wish.statuses, table, mapping.expressions.get("status"))
        target = replace(target, mapping=replace(mapping, statuses=statuses))
        sandbox.create_functions(conn, target)
        return _tried(conn, target, notes + proposal_notes.notes(target, wish.zone))


def _by_name(table: SourceTable) -> tuple[dict[str, str], list[str]]:
    """The likeliest column of each field, and remarks on the choice."""
    by_name: dict[str, TableColumn] = {column.name.lower(): column for column in table.columns}
    found: dict[str, str] = {}
    used: set[str] = set()
    for field, usual in FIELDS.items():
        for name in usual.columns:
            column = by_name.get(name)
            if column and column.kind in usual.kinds and name not in used and not _unlikely(field, column):
                found[field] = column.sql
                used.add(name)
                break
    return found, []


def _unlikely(field: str, column: TableColumn) -> bool:
    """A number of a customer or a status is a key of another table."""
    return field in ("customer", "owner") and column.kind == NUMBER


def _one_of(chosen: dict[str, str], pair: tuple[str, str], given: Mapping[str, str]) -> None:
    """Of two fields with the same meaning, the given one, else the one in minor units."""
    if all(chosen.get(name) for name in pair):
        loser = pair[0] if pair[1] in given or pair[0] not in given else pair[1]
        if loser not in given:
            chosen[loser] = ""


def _zone(conn: psycopg.Connection[Any], zone: str | None) -> str:
    if zone is None:
        return "UTC"
    if conn.execute("SELECT FROM pg_timezone_names WHERE name = %s", [zone]).fetchone() is None:
        raise AttachRefused(
            _("--zone %(zone)r is not a time zone of PostgreSQL; write a name such as Europe/Berlin.", zone=zone)
        )
    return zone


def _statuses(
    seen: list[tuple[str, str]], given: Mapping[str, str], table: SourceTable, expression: str | None
) -> dict[str, str]:
    """The known and the given words, which must have all that were seen."""
    column = next((column.name for column in table.columns if column.sql == expression), None)
    statuses = known(column) | dict(given)
    unknown = []
    for word, in_database in seen:
        if stage := statuses.get(folded(word)):
            # A database with the collation C leaves letters such as Ö as they are.
            statuses.setdefault(in_database.removeprefix(WORDPRESS_PREFIX), stage)
        else:
            unknown.append(word)
    if unknown:
        shown = ", ".join(repr(word) for word in unknown[:20]) + (", …" if len(unknown) > 20 else "")
        options = " ".join(f"--status {_shell(word + '=…')}" for word in unknown[:3])
        raise AttachRefused(
            _(
                "The status has words that are not mapped: %(shown)s. Map each to one of %(stages)s: %(options)s",
                shown=shown,
                stages=", ".join(STAGES),
                options=options,
            )
        )
    return statuses


def _shell(text: str) -> str:
    return text if text.replace("=", "").replace("…", "").isalnum() else f"'{text}'"


def _approximate(mapping: RowMapping) -> tuple[str, ...]:
    """The times that only a status or a flag gives."""
    return tuple(
        name
        for name in ("paid_at", "shipped_at", "cancelled_at", "refunded_at")
        if mapping.kinds.get(name) != TIME and ("status" in mapping or name in mapping)
    )


def _tried(conn: psycopg.Connection[Any], target: AttachTarget, notes: list[str]) -> Proposal:
    tried = _TAKEN.format(compare=function_sql.names(target)["compare"], name=mapped_sql.literal(target.name))
    kept = conn.execute(
        "SELECT count(*) FROM (SELECT FROM orders WHERE source = %s AND external_id IS NOT NULL LIMIT 100000) AS o",
        [target.name],
    ).fetchone()
    try:
        with conn.transaction():
            counts = conn.execute(_COUNTS.format(tried=tried).encode()).fetchone()
            columns = ", ".join(PreviewedOrder.__dataclass_fields__)
            newest = f"SELECT {columns} FROM ({tried}) AS t LIMIT {PREVIEW_ROWS}"
            with conn.cursor(row_factory=class_row(PreviewedOrder)) as cursor:
                preview = tuple(cursor.execute(newest.encode()).fetchall())
    except psycopg.Error as error:
        raise AttachRefused(
            _(
                "The mapping fails on a row of %(name)s: %(message_primary)s. Correct the expression of that "
                "column with --map, so that it gives a value or NULL for every row.",
                name=target.table.name,
                message_primary=error.diag.message_primary,
            )
        ) from error
    assert counts is not None
    assert kept is not None
    return Proposal(
        target=target,
        preview=preview,
        orders=counts[0],
        excluded=counts[1],
        faults=counts[2],
        unassigned=counts[3],
        approximate=_approximate(target.mapping),
        notes=tuple(notes),
        kept_orders=kept[0],
    )
