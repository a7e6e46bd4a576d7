"""The check: compares every row with its order, and repairs what differs.

The triggers miss writes in sessions with the replica role, writes while a trigger was disabled, attached and detached
partitions, and deletions by transactions with a snapshot from before the backfill's end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import astuple, dataclass, replace
from typing import Any

import psycopg
from psycopg import IsolationLevel, errors, sql

from ..language import gettext as _
from . import attachments, chunk, function_sql, keys, locks, problems, triggers
from .attachments import Attachment
from .errors import AttachRefused
from .mapped_sql import AttachTarget, key, literal

# Compared at once, without locks, and repaired at once, with locks.
COMPARED_ROWS, REPAIRED_ROWS = 5000, 500
# A check is repeated daily, so it does not wait long for a locked table.
_GIVE_UP_SECONDS = 5.0


@dataclass(frozen=True)
class Drift:
    """Orders that were missing, stale or without a row, and are repaired; `locked` ones are left for the next check.

    `rows` were compared; `triggers` were created or dropped.
    """

    rows: int = 0
    missing: int = 0
    stale: int = 0
    ghosts: int = 0
    locked: int = 0
    triggers: int = 0

    @property
    def orders(self) -> int:
        return self.missing + self.stale + self.ghosts


def run(conn: psycopg.Connection[Any], attachment: Attachment, progress: Callable[[int], None] | None = None) -> Drift:
    """Compare and repair the whole table. `conn` is in autocommit; `progress` gets the rows compared.

    Raises AttachRefused when the table is gone or locked, the mapping does not fit it any more, or another session checks it.
    The attachment keeps that as its fault.
    """
    try:
        target = attachments.target_of(conn, attachment)
        if not locks.try_hold(conn, target.id):
            raise AttachRefused(
                _("Another session copies or checks %(name)s. Wait until it is done, or end it.", name=target.name)
            )
        try:
            created = triggers.ensure(conn, target, _GIVE_UP_SECONDS)
            drift = replace(_compare_all(conn, target, progress), triggers=created)
        finally:
            locks.release(conn, target.id)
    except AttachRefused as error:
        attachments.update(conn, attachment.id, fault=str(error))
        raise
    _save(conn, attachment.id, drift)
    return drift


def _compare_all(conn: psycopg.Connection[Any], target: AttachTarget, progress: Callable[[int], None] | None) -> Drift:
    chunk.create(conn, target)
    problems.forget_unlisted(conn, target.id)
    drift = Drift()
    for found in _chunks(conn, target):
        drift = _sum(drift, found)
        if progress:
            progress(drift.rows)
    removed = sum(_remove(conn, target, batch) for batch in _batches(_ghosts(conn, target)))
    problems.forget_solved(conn, target)
    return replace(drift, ghosts=drift.ghosts + removed)


def _chunks(conn: psycopg.Connection[Any], target: AttachTarget) -> Iterator[Drift]:
    """Compares and repairs chunk by chunk, in the order of the primary key."""
    last: list[str] | None = None
    rows = COMPARED_ROWS
    while rows == COMPARED_ROWS:
        rows, last, differing = _differences(conn, target, last)
        drift = Drift(rows=rows)
        for batch in _batches(differing):
            drift = _sum(drift, _repair(conn, target, batch))
        yield drift


def _differences(
    conn: psycopg.Connection[Any], target: AttachTarget, last: list[str] | None
) -> tuple[int, list[str] | None, list[str]]:
    """The rows of the next chunk, the key of its last row, and the ids of orders that differ; all, if a row cannot be read.

    One snapshot per chunk, because a trigger's order commits with its row.
    """
    columns, casts = keys.key_lists(target)
    where = f"WHERE ({columns}) > ({casts})" if last is not None else ""
    conn.isolation_level = IsolationLevel.REPEATABLE_READ
    try:
        with conn.transaction():
            rows = chunk.load(conn, target, f"{where} ORDER BY {columns} LIMIT {COMPARED_ROWS}", keys.values_of(last))
            return rows, _greatest(conn, target), _compared(conn, target)
    finally:
        conn.isolation_level = None


def _compared(conn: psycopg.Connection[Any], target: AttachTarget) -> list[str]:
    statement = f"SELECT external_id FROM {function_sql.names(target)['compare']}() WHERE difference IS NOT NULL"
    try:
        with conn.transaction():
            return [row[0] for row in conn.execute(statement.encode())]
    except (errors.SyntaxErrorOrAccessRuleViolation, errors.UndefinedColumn, errors.UndefinedTable) as error:
        raise AttachRefused(unfit(target, error)) from error
    except (psycopg.DataError, psycopg.IntegrityError):
        every = f"SELECT {key(target.table)} FROM {function_sql.CHUNK} AS t"
        return [row[0] for row in conn.execute(every.encode())]


def unfit(target: AttachTarget, error: psycopg.Error) -> str:
    """The sentence for a mapping that does not fit its table any more."""
    return _(
        "The mapping of %(table)s does not fit the table any more (%(error)s), so its orders are not kept up to date. "
        "Detach it with --keep-orders and attach it again: flask orders detach %(table)s --keep-orders",
        table=target.name,
        error=error.diag.message_primary,
    )


def _greatest(conn: psycopg.Connection[Any], target: AttachTarget) -> list[str] | None:
    descending = ", ".join(f"t.{column.sql} DESC" for column in target.table.key)
    statement = f"SELECT {keys.texts(target)} FROM {function_sql.CHUNK} AS t ORDER BY {descending} LIMIT 1"
    row = conn.execute(statement.encode()).fetchone()
    return None if row is None else list(row)


def _repair(conn: psycopg.Connection[Any], target: AttachTarget, external_ids: list[str]) -> Drift:
    """Lock the rows of these orders and copy them again."""
    where, values = keys.of_orders(target, external_ids)
    try:
        with conn.transaction():
            conn.execute("SET LOCAL doorbell.notify = off")
            conn.execute(f"SET LOCAL lock_timeout = '{locks.LOCK_TIMEOUT_MS}ms'".encode())
            chunk.load(conn, target, f"WHERE {where} FOR SHARE", values)
            row = conn.execute(f"SELECT * FROM {function_sql.names(target)['copy']}()".encode()).fetchone()
    except (errors.LockNotAvailable, errors.DeadlockDetected, errors.SerializationFailure):
        # A writer is at work on one of them. The next check sees the result.
        return Drift(locked=len(external_ids))
    assert row is not None
    return Drift(missing=row[0], stale=row[1], ghosts=row[2])


def _ghosts(conn: psycopg.Connection[Any], target: AttachTarget) -> list[str]:
    """The ids of orders without a row."""
    statement = f"""
        SELECT o.external_id FROM orders o
        WHERE o.source = {literal(target.name)} AND o.external_id IS NOT NULL
            AND NOT EXISTS (SELECT FROM {target.table.sql} AS t WHERE {key(target.table)} = o.external_id)"""
    return [row[0] for row in conn.execute(statement.encode())]


def _remove(conn: psycopg.Connection[Any], target: AttachTarget, external_ids: list[str]) -> int:
    """Delete the orders of these ids that still have no row, and return how many.

    They are locked first. A writer that inserts a row of such an id then waits, and inserts its order again.
    """
    orders = sql.Identifier(target.schema, "orders")
    lock = sql.SQL("SELECT id FROM {} WHERE source = {} AND external_id = ANY (%s) ORDER BY id FOR UPDATE").format(
        orders, sql.Literal(target.name)
    )
    delete = sql.SQL(
        "DELETE FROM {} o WHERE o.id = ANY (%s) AND NOT EXISTS (SELECT FROM {} AS t WHERE {} = o.external_id)"
    ).format(orders, sql.SQL(target.table.sql), sql.SQL(key(target.table)))
    with conn.transaction():
        conn.execute("SET LOCAL doorbell.notify = off")
        locked = [row[0] for row in conn.execute(lock, [external_ids])]
        return conn.execute(delete, [locked]).rowcount


def _batches(external_ids: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(external_ids), REPAIRED_ROWS):
        yield external_ids[start : start + REPAIRED_ROWS]


def _sum(one: Drift, other: Drift) -> Drift:
    return Drift(*(sum(pair) for pair in zip(astuple(one), astuple(other), strict=True)))


def _save(conn: psycopg.Connection[Any], attachment_id: int, drift: Drift) -> None:
    conn.execute(
        "UPDATE attachments SET checked_at = clock_timestamp(), check_requested_at = NULL, fault = NULL,"
        " missing = %s, stale = %s, ghosts = %s WHERE id = %s",
        [drift.missing, drift.stale, drift.ghosts, attachment_id],
    )
