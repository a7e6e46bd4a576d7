"""Rows that could not be mapped: the list, and the rows that are tried again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import class_row

from . import chunk, function_sql, keys
from .mapped_sql import AttachTarget

SHOWN = 20
BATCH_ROWS = 500


@dataclass(frozen=True)
class RowProblem:
    """A row that has no order, or one with old values. Without `external_id`, a statement whose rows are not listed."""

    id: int
    attachment_id: int
    external_id: str | None
    code: str
    reason: str
    at: datetime


def newest(conn: psycopg.Connection[Any], attachment_id: int, limit: int = SHOWN) -> list[RowProblem]:
    with conn.cursor(row_factory=class_row(RowProblem)) as cursor:
        return cursor.execute(
            "SELECT id, attachment_id, external_id, code, reason, at FROM attach_problems WHERE attachment_id = %s"
            " ORDER BY at DESC, id DESC LIMIT %s",
            [attachment_id, limit],
        ).fetchall()


def count(conn: psycopg.Connection[Any], attachment_id: int | None = None) -> int:
    """Of one attachment, or of all."""
    row = conn.execute(
        "SELECT count(*) FROM attach_problems WHERE %(id)s::bigint IS NULL OR attachment_id = %(id)s",
        {"id": attachment_id},
    ).fetchone()
    assert row is not None
    return int(row[0])


def forget_unlisted(conn: psycopg.Connection[Any], attachment_id: int) -> None:
    """Forget the problems without a key: a check tries all rows, and notes those that fail again."""
    conn.execute("DELETE FROM attach_problems WHERE attachment_id = %s AND external_id IS NULL", [attachment_id])


def forget_solved(conn: psycopg.Connection[Any], target: AttachTarget) -> int:
    """Delete the problems of rows that are gone, or have their orders as they should be now. Returns how many are left.

    The chunk's table exists (chunk.create).
    """
    listed = "SELECT external_id FROM attach_problems WHERE attachment_id = %s AND external_id IS NOT NULL ORDER BY id"
    external_ids = [row[0] for row in conn.execute(listed, [target.id])]
    for start in range(0, len(external_ids), BATCH_ROWS):
        _forget(conn, target, external_ids[start : start + BATCH_ROWS])
    return count(conn, target.id)


def _forget(conn: psycopg.Connection[Any], target: AttachTarget, external_ids: list[str]) -> None:
    where, values = keys.of_orders(target, external_ids)
    compare = function_sql.names(target)["compare"]
    try:
        with conn.transaction():
            chunk.load(conn, target, f"WHERE {where}", values)
            rows = conn.execute(
                f"SELECT external_id, reason IS NOT NULL OR difference IS NOT NULL FROM {compare}()".encode()
            ).fetchall()
            conn.execute(
                "DELETE FROM attach_problems WHERE attachment_id = %s AND external_id = ANY (%s)",
                [target.id, list(set(external_ids) - {external_id for external_id, is_open in rows if is_open})],
            )
    except psycopg.DataError:
        # One of the rows still fails as a whole. All stay, until each can be read.
        return
