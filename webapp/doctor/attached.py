"""Check of the attached tables: triggers that are missing or disabled, drift, rows that cannot be mapped, "
"checks that are late."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import psycopg

from ..attach import attachments, problems, triggers
from ..attach.attachments import BACKFILLING, Attachment
from ..attach.errors import AttachRefused
from .finding import Finding, duration, fault, ok, warn
from .system import System

# The worker checks each table daily.
LATE = timedelta(days=2)
# A backfill that the worker continues every minute.
SLOW = timedelta(hours=1)
SHOWN = 3


def check(system: System) -> Iterator[Finding]:
    with system.postgresql() as conn:
        found = attachments.every(conn)
        for attachment in found:
            yield from _check(conn, attachment)
    live = sum(attachment.state != BACKFILLING for attachment in found)
    yield ok(f"{live} of {len(found)} attached tables are live" if found else "no table is attached")


def _check(conn: psycopg.Connection, attachment: Attachment) -> Iterator[Finding]:
    name, again = attachment.name, f"flask orders attach {attachment.name}"
    try:
        target = attachments.target_of(conn, attachment)
    except AttachRefused as error:
        yield fault(f"{name}: {error}", f"flask orders detach {name}")
        return
    for trigger in triggers.disabled(conn, target):
        verb = "ENABLE ALWAYS" if target.is_replica else "ENABLE"
        yield fault(
            f"{trigger.name} on {trigger.sql} does not fire, so changes of the table do not reach the board",
            f"ALTER TABLE {trigger.sql} {verb} TRIGGER {trigger.name}; then flask orders attach --check {name}",
        )
    missing = triggers.missing(conn, target)
    if missing:
        tables = ", ".join(dict.fromkeys(trigger.part.name for trigger in missing))
        yield fault(f"triggers of {name} are missing on {tables}", f"flask orders attach --check {name}")
    if attachment.fault:
        yield fault(f"{name} could not be checked: {attachment.fault}", f"flask orders attach --check {name}")
    yield from _age(attachment, again)
    if attachment.drift:
        yield warn(
            f"the last check of {name} found {attachment.missing} missing orders, {attachment.stale} stale ones and "
            f"{attachment.ghosts} without a row, and repaired them: writes have bypassed its triggers",
            f"See which programs write {name} with session_replication_role = replica or disabled triggers (docs/attach.md).",
        )
    yield from _problems(conn, attachment)


def _age(attachment: Attachment, again: str) -> Iterator[Finding]:
    now = datetime.now(UTC)
    if attachment.state == BACKFILLING:
        if now - attachment.created_at > SLOW:
            total = max(attachment.rows_done, attachment.rows_total)
            yield warn(
                f"{attachment.name} has copied {attachment.rows_done:,} of {total:,} rows", f"Continue it: {again}"
            )
        return
    since = attachment.checked_at or attachment.backfilled_at
    if since is not None and now - since > LATE:
        yield warn(
            f"{attachment.name} was not checked for {duration((now - since).total_seconds())}",
            f"The worker checks it daily; does it run? At once: flask orders attach --check {attachment.name}",
        )


def _problems(conn: psycopg.Connection, attachment: Attachment) -> Iterator[Finding]:
    count = problems.count(conn, attachment.id)
    if not count:
        return
    newest = problems.newest(conn, attachment.id, SHOWN)
    shown = "; ".join(f"row {problem.external_id or '(several)'}: {problem.reason}" for problem in newest)
    yield warn(
        f"{count:,} row{'' if count == 1 else 's'} of {attachment.name} cannot become orders: {shown}",
        "Correct the rows, or detach the table and attach it with another mapping; then flask orders attach "
        f"--check {attachment.name}",
    )
