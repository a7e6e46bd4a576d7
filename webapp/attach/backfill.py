"""Copying the rows from before the triggers: by primary key, in chunks that are locked FOR SHARE, each its own commit.

A row is locked before it is copied, so its writer either has committed, and the chunk reads the new values, or waits, and its
trigger corrects the order afterwards. Without the lock, deleted rows stay as orders. A chunk waits LOCK_TIMEOUT_MS for a
row, less than PostgreSQL takes to look for a deadlock. So it gives way before a writer could be chosen as the victim.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import psycopg
from psycopg import errors

from . import attachments, chunk, function_sql, keys, locks
from .attachments import BACKFILLING, LIVE, Attachment
from .errors import AttachRefused
from .mapped_sql import AttachTarget

CHUNK_ROWS = 500
# A row that stays locked so long stops the backfill until the next run.
GIVE_UP_SECONDS = 60.0

Progress = Callable[[int, int], None]


def run(
    conn: psycopg.Connection[Any],
    target: AttachTarget,
    progress: Progress | None = None,
    until: float | None = None,
    chunk_rows: int = CHUNK_ROWS,
) -> bool:
    """Copy the rows after the last saved key; True when all are copied. `conn` is in autocommit.

    `progress` gets the rows done and the rows there are. `until` is a time.monotonic() after which no chunk begins. Raises
    AttachRefused when another session copies, or a row stays locked.
    """
    if not locks.try_hold(conn, target.id):
        raise AttachRefused(f"Another session copies or checks {target.name}. Wait until it is done, or end it.")
    try:
        chunk.create(conn, target)
        while attachment := _open(conn, target.id):
            if progress:
                progress(attachment.rows_done, max(attachment.rows_done, attachment.rows_total))
            if until is not None and time.monotonic() > until:
                return False
            _next_chunk(conn, target, attachment, chunk_rows)
    finally:
        locks.release(conn, target.id)
    return True


def count_rows(conn: psycopg.Connection[Any], target: AttachTarget) -> int:
    """The rows of the table for the progress bar, as PostgreSQL estimates them, or counted where it has no estimate."""
    if target.table.estimate > 0 and not target.table.is_partitioned:
        return target.table.estimate
    row = conn.execute(f"SELECT count(*) FROM {target.table.sql}".encode()).fetchone()
    assert row is not None
    return int(row[0])


def _open(conn: psycopg.Connection[Any], attachment_id: int) -> Attachment | None:
    attachment = attachments.by_id(conn, attachment_id)
    return attachment if attachment is not None and attachment.state == BACKFILLING else None


def _next_chunk(conn: psycopg.Connection[Any], target: AttachTarget, attachment: Attachment, rows: int) -> None:
    """One chunk, of fewer rows after each lock that it did not get."""
    deadline = time.monotonic() + GIVE_UP_SECONDS
    while True:
        try:
            return _copy(conn, target, attachment, rows)
        except (errors.LockNotAvailable, errors.DeadlockDetected, errors.SerializationFailure) as error:
            if time.monotonic() > deadline:
                raise AttachRefused(
                    f"A row of {target.name} after the key {attachment.last_key} stayed locked for "
                    f"{GIVE_UP_SECONDS:.0f} s. End "
                    "the transaction that holds it (SELECT * FROM pg_stat_activity WHERE state LIKE 'idle in%'), then run the "
                    "same command again; it continues."
                ) from error
            rows = max(1, rows // 2)
            time.sleep(locks.PAUSE_SECONDS[0] / 4)


def _copy(conn: psycopg.Connection[Any], target: AttachTarget, attachment: Attachment, rows: int) -> None:
    key, casts = keys.key_lists(target)
    after = f"({key}) > ({casts})" if attachment.last_key is not None else "true"
    values = keys.values_of(attachment.last_key)
    with conn.transaction():
        conn.execute(f"SET LOCAL lock_timeout = '{locks.LOCK_TIMEOUT_MS}ms'".encode())
        # History is no news.
        conn.execute("SET LOCAL doorbell.notify = off")
        end = _last_key(conn, target, f"WHERE {after}", values, rows)
        until = "true" if end is None else f"({key}) <= ({keys.key_lists(target, 'e')[1]})"
        values |= keys.values_of(end, "e")
        done = chunk.load(conn, target, f"WHERE {after} AND {until} ORDER BY {key} FOR SHARE", values)
        conn.execute(f"SELECT * FROM {function_sql.names(target)['copy']}()".encode())
        if end is None:
            _finish(conn, target.id, done)
        else:
            attachments.update(conn, target.id, last_key=end, rows_done=attachment.rows_done + done)


def _finish(conn: psycopg.Connection[Any], attachment_id: int, rows: int) -> None:
    """The last rows are copied. Transactions that are open now may have older snapshots (settled.py)."""
    conn.execute(
        "UPDATE attachments SET state = %s, rows_done = rows_done + %s, rows_total = rows_done + %s,"
        " backfilled_at = clock_timestamp(), fence = pg_current_xact_id(), check_requested_at = "
        "clock_timestamp() WHERE id = %s",
        [LIVE, rows, rows, attachment_id],
    )


def _last_key(
    conn: psycopg.Connection[Any], target: AttachTarget, where: str, values: dict[str, str], rows: int
) -> list[str] | None:
    """The key of the last of the next `rows` rows, as texts; None when there are fewer."""
    key, _ = keys.key_lists(target)
    statement = (
        f"SELECT {keys.texts(target)} FROM {target.table.sql} AS t {where} ORDER BY {key} OFFSET {rows - 1} LIMIT 1"
    )
    row = conn.execute(statement.encode(), values or None).fetchone()
    return None if row is None else list(row)
