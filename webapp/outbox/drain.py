"""The drain: reads `order_events` since the cursor and publishes signals. Live reading and catch-up are the same function.

Each event is read exactly once, and a long transaction elsewhere delays no other event. The events come in no order, because
a signal names only what changed.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
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
from .cursor import Cursor, adopt_foreign_rows, why_unusable
from .groups import BACKLOG_TIMEOUT_SECONDS, read_groups
from .reader import Reader

LISTENER = Reader("listener")
# Redis has a copy of the saved cursor. A database with an older cursor than that was restored from a dump.
PUBLISHED_KEY = "doorbell:cursor"
log = logs.get("outbox")


@dataclass(frozen=True)
class Drained:
    """The result of one drain: the next cursor, the number of events read and of signals published."""

    cursor: Cursor
    events: int
    signals: int


def open_cursor(conn: Connection, client: redis.Redis) -> Cursor:
    """The saved cursor if it is valid for this cluster; otherwise a new one at the present, and every page resyncs."""
    saved, now = LISTENER.saved(conn), LISTENER.present(conn)
    unusable = why_unusable(saved, now, _published(client))
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
        adopt_foreign_rows(conn)
    now = LISTENER.present(conn)
    resync(conn, client)
    client.delete(PUBLISHED_KEY)
    return LISTENER.save(conn, now)


def drain(conn: Connection, client: redis.Redis, cursor: Cursor, *, save: bool = True) -> Drained:
    """Read the events committed since `cursor`, publish one signal per tenant, then save the new cursor.

    The cursor is saved after the publish, so a signal is published at least once. Without `save` that is left to a later
    drain, at the latest to the next one without signals. Raises redis.RedisError or psycopg.Error
    with the saved cursor unchanged, and cursor.DatabaseRestored when another session has changed it.
    """
    with metrics.DRAIN_SECONDS.time():
        groups = read_groups(conn, cursor.snapshot)
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
        after = replace(after, signalled=True)
    if after.signalled and (save or not signals):
        after = LISTENER.move(conn, after)
    events = sum(group["events"] for group in groups if group["tenant_id"] is not None)
    drained = Drained(after, events, len(signals))
    metrics.EVENTS.inc(drained.events)
    metrics.SIGNALS.inc(drained.signals)
    return drained


def resync(conn: Connection, client: redis.Redis) -> None:
    """Make every page of every tenant refetch everything. A page that is offline now does so when it reconnects."""
    for tenant in _all(conn, "SELECT id FROM tenants"):
        publisher.publish(client, tenant["id"], {RESYNC: None})


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
    is_owners = group["type"] in (*OWNER_TYPES, "deleted")
    owners = (group["owner_id"], group["former_owner_id"]) if is_owners else ()
    users = {owner: [INBOX] for owner in owners if owner is not None}
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
