"""The regular work on attachments: backfills that were interrupted, checks that are due, and the figures for metrics."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import psycopg

from ..observability import logs
from ..postgres import session
from . import attachments, backfill, check, problems, settled
from .attachments import BACKFILLING, Attachment
from .errors import AttachRefused

APPLICATION = "doorbell attach"
CHECK_EVERY = timedelta(days=1)
# A row with a problem is tried again this often, and a table that was locked, or whose old transactions still ran.
RETRY_EVERY = timedelta(minutes=10)
# One run of the task. A longer backfill continues at the next one.
RUN_SECONDS = 50.0

_DUE = """
SELECT id FROM attachments a
WHERE state = 'live' AND (
    check_requested_at IS NOT NULL
    OR coalesce(checked_at, backfilled_at) < now() - %(every)s
    OR coalesce(checked_at, backfilled_at) < now() - %(retry)s
        AND (fault IS NOT NULL OR EXISTS (SELECT FROM attach_problems p WHERE p.attachment_id = a.id)))
ORDER BY checked_at NULLS FIRST
"""
_STATE = """
SELECT count(*), coalesce(sum(missing + stale + ghosts), 0)::bigint, count(*) FILTER (WHERE fault IS NOT NULL),
       (SELECT count(*) FROM attach_problems)
FROM attachments
"""

log = logs.get("attach")


@dataclass(frozen=True)
class AttachState:
    """Attached tables, orders that the last checks repaired, tables that could not be checked, rows with a problem."""

    tables: int
    drift: int
    faults: int
    problems: int


def run(database_url: str, run_seconds: float = RUN_SECONDS) -> AttachState:
    """Do what is due. Raises psycopg.OperationalError when PostgreSQL is away."""
    deadline = time.monotonic() + run_seconds
    with session.connect(database_url, APPLICATION, autocommit=True) as conn:
        for attachment in attachments.every(conn):
            if attachment.state == BACKFILLING:
                _backfill(conn, attachment, deadline)
        for (attachment_id,) in conn.execute(_DUE, {"every": CHECK_EVERY, "retry": RETRY_EVERY}).fetchall():
            found = attachments.by_id(conn, attachment_id)
            if found is not None and time.monotonic() < deadline:
                _check(conn, found)
        return state(conn)


def state(conn: psycopg.Connection[Any]) -> AttachState:
    row = conn.execute(_STATE).fetchone()
    assert row is not None
    return AttachState(*row)


def request_check(conn: psycopg.Connection[Any], attachment_id: int) -> None:
    """Ask for a check by the next run."""
    conn.execute("UPDATE attachments SET check_requested_at = now() WHERE id = %s", [attachment_id])


def _backfill(conn: psycopg.Connection[Any], attachment: Attachment, deadline: float) -> None:
    try:
        done = backfill.run(conn, attachments.target_of(conn, attachment), until=deadline)
    except AttachRefused as error:
        log.info("did not continue a backfill", table=attachment.name, error=str(error))
        return
    log.info("continued a backfill", table=attachment.name, done=done)


def _check(conn: psycopg.Connection[Any], attachment: Attachment) -> None:
    if settled.older_transactions(conn, attachment)[0]:
        return
    try:
        drift = check.run(conn, attachment)
    except AttachRefused as error:
        log.warning("did not check a table", table=attachment.name, error=str(error))
        return
    write = log.warning if drift.orders else log.info
    found = {"rows": drift.rows, "missing": drift.missing, "stale": drift.stale, "ghosts": drift.ghosts}
    write("checked a table", table=attachment.name, problems=problems.count(conn, attachment.id), **found)
