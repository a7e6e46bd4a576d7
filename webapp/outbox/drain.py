"""The drain: reads `order_events` since the cursor and publishes signals. Live reading and catch-up are the same function.

The new events are those with an xid from the cursor's xmax on, or with one that was in progress in the cursor. So each
event is read exactly once, and a long transaction elsewhere delays no other event.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, cast
from zoneinfo import ZoneInfo

import redis
from psycopg.rows import dict_row

from ..doorbell.connection import Connection
from ..events.catalog import OWNER_TYPES, TOPICS_BY_TYPE
from ..events.topics import BOARD_TOPICS, DAY, INBOX, ORDERS, RESYNC
from ..observability import logs
from ..observability.metrics import outbox as metrics
from ..signals import publisher
from ..signals.coalesce import CoalescedSignal
from ..signals.signal import Signal
from . import cursor as cursors
from .cursor import Cursor

# Redis has a copy of the saved cursor. A database with an older cursor than that was restored from a dump.
PUBLISHED_KEY = "doorbell:cursor"
# A drain of more events than this names no orders, so that a million events need no more memory than a thousand.
MAX_EVENTS_WITH_IDS = 1000
# The timeout of statements that read a long backlog, or every row.
BACKLOG_TIMEOUT_SECONDS = 600.0

# Each query is one statement with one snapshot, so its rows and the next cursor always agree. The upper bound excludes rows
# that came with a dump of another cluster, which would be new in every drain.
_PRESENT = "present AS MATERIALIZED (SELECT pg_current_snapshot() AS snapshot, clock_timestamp() AS drained_at)"
_FRESH = """
    SELECT tenant_id, type, owner_id, order_id, recorded_at FROM order_events
    WHERE xid >= pg_snapshot_xmax(%(old)s::pg_snapshot) AND xid < pg_snapshot_xmax(pg_current_snapshot())
    UNION ALL
    SELECT tenant_id, type, owner_id, order_id, recorded_at FROM order_events
    WHERE xid = ANY (ARRAY(SELECT pg_snapshot_xip(%(old)s::pg_snapshot)))
"""
_EVENTS = f"""
WITH {_PRESENT}
SELECT present.snapshot::text AS snapshot, present.drained_at, fresh.tenant_id, fresh.type, fresh.owner_id,
       fresh.order_id, fresh.recorded_at AS newest, 1 AS events
FROM present LEFT JOIN ({_FRESH} LIMIT {MAX_EVENTS_WITH_IDS + 1}) AS fresh ON true
"""  # noqa: S608 - only our constants
# PostgreSQL groups the rows, so that a million missed events become a few rows here.
_GROUPS = f"""
WITH {_PRESENT},
grouped AS (
    SELECT tenant_id, type, owner_id, NULL::bigint AS order_id, max(recorded_at) AS newest, count(*) AS events
    FROM ({_FRESH}) AS fresh GROUP BY tenant_id, type, owner_id
)
SELECT present.snapshot::text AS snapshot, present.drained_at, grouped.* FROM present LEFT JOIN grouped ON true
"""  # noqa: S608 - only our constants

log = logs.get("outbox")


@dataclass(frozen=True)
class Drained:
    """The result of one drain: the next cursor, the number of events read and of signals published."""

    cursor: Cursor
    events: int
    signals: int


def open_cursor(conn: Connection, client: redis.Redis) -> Cursor:
    """The saved cursor if it is valid for this cluster; otherwise a new one at the present, and every page resyncs."""
    saved, now = cursors.read_saved(conn), cursors.present(conn)
    unusable = cursors.why_unusable(saved, now, _published(client))
    if saved is not None and unusable is None:
        return saved
    cursor = reset(conn, client)
    if saved is None:
        log.info("first start: nothing to catch up on")
    else:
        log.warning("reset the cursor to the present; every page resyncs", reason=unusable)
    return cursor


def _published(client: redis.Redis) -> str:
    """The cursor that Redis has; "" when the key is missing or of another type."""
    try:
        return (cast(Any, client.get(PUBLISHED_KEY)) or b"").decode(errors="replace")
    except redis.ResponseError as error:
        if "WRONGTYPE" not in str(error):
            raise
        return ""


def reset(conn: Connection, client: redis.Redis) -> Cursor:
    """Make every page resync, and save a cursor at the present.

    The cursor is read before the resync is published, so events that are committed in between are read later.
    """
    with conn.with_timeout(BACKLOG_TIMEOUT_SECONDS):
        cursors.adopt_foreign_rows(conn)
    now = cursors.present(conn)
    resync(conn, client)
    client.delete(PUBLISHED_KEY)
    return cursors.begin(conn, now)


def drain(conn: Connection, client: redis.Redis, cursor: Cursor) -> Drained:
    """Read the events committed since `cursor`, publish one signal per tenant, then save the new cursor.

    The cursor is saved after the publish, so a signal is published at least once. Raises redis.RedisError or psycopg.Error
    with the saved cursor unchanged, and cursor.DatabaseRestored when another session has changed it.
    """
    with metrics.DRAIN_SECONDS.time():
        groups = _read(conn, cursor)
    read_at = time.monotonic()
    after = cursor.moved(groups[0]["snapshot"], groups[0]["drained_at"])
    signals = _coalesce(group for group in groups if group["tenant_id"] is not None)
    for tenant_id in _tenants_with_a_new_day(conn, cursor, after):
        signals.setdefault(tenant_id, CoalescedSignal()).add(Signal(0, {DAY: None}))
    if signals:
        now_ms = _epoch_ms(after.drained_at)
        with metrics.PUBLISH_SECONDS.time():
            for tenant_id, coalesced in signals.items():
                signal = coalesced.signal()
                _publish(client, tenant_id, signal, now_ms)
                _observe_lag(signal, now_ms, time.monotonic() - read_at)
        after = cursors.move(conn, after)
    events = sum(group["events"] for group in groups if group["tenant_id"] is not None)
    drained = Drained(after, events, len(signals))
    metrics.EVENTS.inc(drained.events)
    metrics.SIGNALS.inc(drained.signals)
    return drained


def resync(conn: Connection, client: redis.Redis) -> None:
    """Make every page of every tenant refetch everything. A page that is offline now does so when it reconnects."""
    for tenant in _all(conn, "SELECT id FROM tenants"):
        publisher.publish(client, tenant["id"], {RESYNC: None})


def _read(conn: Connection, cursor: Cursor) -> list[dict[str, Any]]:
    """One row per event, or above MAX_EVENTS_WITH_IDS one per group, without orders.

    Without events it is one row whose tenant is None, which still has the snapshot.
    """
    events = _all(conn, _EVENTS, {"old": cursor.snapshot})
    if len(events) <= MAX_EVENTS_WITH_IDS:
        return events
    with conn.with_timeout(BACKLOG_TIMEOUT_SECONDS):
        return _all(conn, _GROUPS, {"old": cursor.snapshot})


def _coalesce(groups: Iterable[dict[str, Any]]) -> dict[int, CoalescedSignal]:
    """One signal per tenant."""
    tenants: dict[int, CoalescedSignal] = {}
    for group in groups:
        tenants.setdefault(group["tenant_id"], CoalescedSignal()).add(_signal_of(group))
    return tenants


def _signal_of(group: dict[str, Any]) -> Signal:
    """The signal of one event, or of a group of events without their orders. It has no seq before it is published."""
    # A type of a newer trigger is unknown here, so it concerns every topic.
    names = TOPICS_BY_TYPE.get(group["type"], BOARD_TOPICS)
    ids = None if group["order_id"] is None else [group["order_id"]]
    # A deleted order also disappears from the inbox.
    is_owners = group["owner_id"] is not None and group["type"] in (*OWNER_TYPES, "deleted")
    users = {group["owner_id"]: [INBOX]} if is_owners else {}
    return Signal(0, {name: ids if name == ORDERS else None for name in names}, users, _epoch_ms(group["newest"]))


def _publish(client: redis.Redis, tenant_id: int, signal: Signal, now_ms: int) -> None:
    at_ms = signal.at or now_ms
    publisher.publish(client, tenant_id, signal.topics, signal.users, now_ms=now_ms, at_ms=at_ms)


def _observe_lag(signal: Signal, now_ms: int, since: float) -> None:
    """`now_ms` is the database's clock at the drain, `since` the seconds after it, so no two clocks are compared."""
    if signal.at:
        metrics.LAG_SECONDS.observe(max(0.0, (now_ms - signal.at) / 1000 + since))


def _tenants_with_a_new_day(conn: Connection, before: Cursor, after: Cursor) -> list[int]:
    # Midnight is on a full minute in every zone, so one query per minute is enough.
    if before.drained_at.replace(second=0, microsecond=0) == after.drained_at.replace(second=0, microsecond=0):
        return []
    tenants = _all(conn, "SELECT id, timezone FROM tenants")
    return [row["id"] for row in tenants if _day(before, row["timezone"]) != _day(after, row["timezone"])]


def _day(cursor: Cursor, timezone: str) -> date | None:
    """The tenant's date; None for a zone that is not valid, which must not stop the other tenants' signals."""
    try:
        return cursor.drained_at.astimezone(ZoneInfo(timezone)).date()
    except (KeyError, ValueError, OSError):
        return None


def _epoch_ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _all(conn: Connection, statement: str, values: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    with conn.cursor(row_factory=dict_row) as rows:
        return rows.execute(statement, values).fetchall()
