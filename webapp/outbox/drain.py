"""The outbox: `order_events` as the listener reads it. Live and catch-up are one function, from one cursor (outbox/cursor.py).

New is every xid from the cursor's xmax on, and those that were in progress in it. Nothing is lost, nothing comes twice,
and a long transaction elsewhere holds up nobody.
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
from ..events.catalog import BOARD_TOPICS, DAY, INBOX, ORDERS, OWNER_TYPES, RESYNC, TOPICS_BY_TYPE
from ..observability import logs
from ..observability.metrics import outbox as metrics
from ..signals import publisher
from . import cursor as cursors
from .cursor import Cursor

PUBLISHED_KEY = "doorbell:cursor"  # Redis is told the saved cursor: a database that knows an older one was set back
MAX_EVENTS_WITH_IDS = (
    1000  # events in one drain; only then is it said which orders changed, and a million are counted in flat memory
)

PATIENCE_SECONDS = 600.0  # for statements that read a long backlog, or all there is

# Each is one statement, one snapshot: what it reads and the cursor that it leaves behind cannot disagree. Rows from beyond
# the present came with a dump of another cluster: without the upper bound they were new for ever.
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
"""  # noqa: S608 - texts and numbers of ours
# Grouped in the database, so that a million missed events become a few rows here.
_GROUPS = f"""
WITH {_PRESENT},
grouped AS (
    SELECT tenant_id, type, owner_id, NULL::bigint AS order_id, max(recorded_at) AS newest, count(*) AS events
    FROM ({_FRESH}) AS fresh GROUP BY tenant_id, type, owner_id
)
SELECT present.snapshot::text AS snapshot, present.drained_at, grouped.* FROM present LEFT JOIN grouped ON true
"""  # noqa: S608 - texts and numbers of ours

log = logs.get("outbox")


@dataclass(frozen=True)
class Drained:
    """What one drain did: the cursor after it, the events it read and the signals that went out."""

    cursor: Cursor
    events: int
    signals: int


def open_cursor(conn: Connection, client: redis.Redis) -> Cursor:
    """The saved cursor if it belongs to this cluster and its past; otherwise everybody resyncs and reading starts now."""
    saved, now = cursors.read_saved(conn), cursors.present(conn)
    unusable = cursors.why_unusable(saved, now, _published(client))
    if saved is not None and unusable is None:
        return saved
    cursor = start_anew(conn, client)
    if saved is None:
        log.info("first start: nothing to catch up on")
    else:
        log.warning("reading begins now, and every page resyncs", why=unusable)
    return cursor


def _published(client: redis.Redis) -> str:
    """What Redis was told; "" where nothing is there, or a key of another type, which says as little."""
    try:
        return (cast(Any, client.get(PUBLISHED_KEY)) or b"").decode(errors="replace")
    except redis.ResponseError as error:
        if "WRONGTYPE" not in str(error):
            raise
        return ""


def start_anew(conn: Connection, client: redis.Redis) -> Cursor:
    """Everybody resyncs, and reading starts from now. The cursor is taken first: what is committed meanwhile is read."""
    with conn.patient(PATIENCE_SECONDS):
        cursors.adopt_foreign_rows(conn)
    now = cursors.present(conn)
    resync(conn, client)
    client.delete(PUBLISHED_KEY)
    return cursors.begin(conn, now)


def drain(conn: Connection, client: redis.Redis, cursor: Cursor) -> Drained:
    """Read what was committed since `cursor`, publish one signal a tenant, then save the new cursor.

    Saved after the publish: at least once. Raises redis.RedisError or psycopg.Error with the cursor as it was, and
    cursor.Restored when somebody else has set it.
    """
    with metrics.DRAIN_SECONDS.time():
        groups = _read(conn, cursor)
    read_at = time.monotonic()
    after = cursor.moved(groups[0]["snapshot"], groups[0]["drained_at"])
    waiting = _fold(group for group in groups if group["tenant_id"] is not None)
    for tenant_id in _tenants_whose_day_turned(conn, cursor, after):
        waiting.setdefault(tenant_id, _Pending()).topics.add(DAY)
    if waiting:
        with metrics.PUBLISH_SECONDS.time():
            for tenant_id, pending in waiting.items():
                pending.publish(client, tenant_id, after.drained_at)
                pending.count_lag(after.drained_at, time.monotonic() - read_at)
        after = cursors.move(conn, after)
    events = sum(group["events"] for group in groups if group["tenant_id"] is not None)
    drained = Drained(after, events, len(waiting))
    metrics.EVENTS.inc(drained.events)
    metrics.SIGNALS.inc(drained.signals)
    return drained


def resync(conn: Connection, client: redis.Redis) -> None:
    """Tell every page of every tenant to refetch everything, pages that are away for the moment included."""
    for tenant in _all(conn, "SELECT id FROM tenants"):
        publisher.publish(client, tenant["id"], {RESYNC: None})


def _read(conn: Connection, cursor: Cursor) -> list[dict[str, Any]]:
    """Each event where there are few, else groups of them without the orders; one row of nothing where there is none."""
    events = _all(conn, _EVENTS, {"old": cursor.snapshot})
    if len(events) <= MAX_EVENTS_WITH_IDS:
        return events
    with conn.patient(PATIENCE_SECONDS):
        return _all(conn, _GROUPS, {"old": cursor.snapshot})


class _Pending:
    """The signal of one tenant while the groups of its events are folded into it."""

    def __init__(self) -> None:
        self.topics: set[str] = set()
        self.orders: set[int] | None = set()  # None: too many to name
        self.users: set[int] = set()
        self.newest: datetime | None = None

    def add(self, group: dict[str, Any]) -> None:
        self.topics.update(TOPICS_BY_TYPE.get(group["type"], BOARD_TOPICS))  # of a newer trigger: concerns everybody
        if group["order_id"] is None:
            self.orders = None
        elif self.orders is not None:
            self.orders.add(group["order_id"])
        # A deleted order leaves the inbox, too.
        if group["owner_id"] is not None and group["type"] in (*OWNER_TYPES, "deleted"):
            self.users.add(group["owner_id"])
        self.newest = max(self.newest or group["newest"], group["newest"])

    def publish(self, client: redis.Redis, tenant_id: int, now: datetime) -> None:
        few = self.orders is not None and len(self.orders) <= publisher.IDS_PER_SIGNAL
        ids = sorted(self.orders or ()) if few else None
        topics = {topic: ids if topic == ORDERS else None for topic in sorted(self.topics)}
        users = {user: [INBOX] for user in sorted(self.users)}
        at = _epoch_ms(self.newest or now)
        publisher.publish(client, tenant_id, topics, users, now_ms=_epoch_ms(now), at_ms=at)

    def count_lag(self, now: datetime, since: float) -> None:
        """`now` is the database's clock at the drain, `since` the seconds since: no two clocks are compared."""
        if self.newest is not None:
            metrics.LAG_SECONDS.observe(max(0.0, (now - self.newest).total_seconds() + since))


def _fold(groups: Iterable[dict[str, Any]]) -> dict[int, _Pending]:
    tenants: dict[int, _Pending] = {}
    for group in groups:
        tenants.setdefault(group["tenant_id"], _Pending()).add(group)
    return tenants


def _tenants_whose_day_turned(conn: Connection, before: Cursor, after: Cursor) -> list[int]:
    if before.drained_at.replace(second=0, microsecond=0) == after.drained_at.replace(second=0, microsecond=0):
        return []  # every zone's midnight falls on a full minute: asking once a minute is enough
    tenants = _all(conn, "SELECT id, timezone FROM tenants")
    return [row["id"] for row in tenants if _day(before, row["timezone"]) != _day(after, row["timezone"])]


def _day(cursor: Cursor, timezone: str) -> date | None:
    """The tenant's date; None for a zone that is none, which is that tenant's trouble and must not stop the others."""
    try:
        return cursor.drained_at.astimezone(ZoneInfo(timezone)).date()
    except (KeyError, ValueError, OSError):
        return None


def _epoch_ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _all(conn: Connection, statement: str, values: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    with conn.cursor(row_factory=dict_row) as rows:
        return rows.execute(statement, values).fetchall()
