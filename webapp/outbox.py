"""The outbox: `order_events` as the listener reads it. A snapshot is the cursor, and live and catch-up are one function.

Ids and xids are handed out before commit, so "greater than the last seen" loses rows. The cursor is therefore the
snapshot of the last drain: new is what that snapshot could not see, that is every xid from its xmax on, and those that it
saw in progress. Nothing is lost, nothing comes twice, and a long transaction elsewhere holds up nobody.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, cast
from zoneinfo import ZoneInfo

import psycopg
import redis
from psycopg.rows import dict_row

from . import doorbell, signals
from .events import BOARD_TOPICS, DAY, INBOX, ORDERS, OWNER_TYPES, RESYNC, TOPICS_BY_TYPE

READER = "listener"

_PRESENT = """
SELECT pg_current_snapshot()::text AS snapshot, clock_timestamp() AS drained_at,
       (SELECT system_identifier FROM pg_control_system()) AS system_identifier,
       ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int AS timeline
"""

# One statement, one snapshot: what it reads and the cursor that it leaves behind cannot disagree. Grouped in the
# database, so that a million missed events become a few rows here. A group's ids are sent only where they are few.
# Rows from beyond the present came with a dump of another cluster: without the upper bound they were new for ever.
_DRAIN = f"""
WITH present AS MATERIALIZED (SELECT pg_current_snapshot() AS snapshot, clock_timestamp() AS drained_at),
fresh AS (
    SELECT tenant_id, type, owner_id, order_id, recorded_at FROM order_events
    WHERE xid >= pg_snapshot_xmax(%(old)s::pg_snapshot) AND xid < pg_snapshot_xmax(pg_current_snapshot())
    UNION ALL
    SELECT tenant_id, type, owner_id, order_id, recorded_at FROM order_events
    WHERE xid = ANY (ARRAY(SELECT pg_snapshot_xip(%(old)s::pg_snapshot)))
),
grouped AS (
    SELECT tenant_id, type, owner_id, count(*) AS events, max(recorded_at) AS newest,
           CASE WHEN count(*) <= {signals.IDS_PER_SIGNAL} THEN array_agg(order_id) END AS ids
    FROM fresh GROUP BY tenant_id, type, owner_id
)
SELECT present.snapshot::text AS snapshot, present.drained_at, grouped.*
FROM present LEFT JOIN grouped ON true
"""  # noqa: S608 - the number is a constant of ours


_SAVE = """
INSERT INTO readers (name, snapshot, system_identifier, timeline, drained_at)
VALUES (%(name)s, %(snapshot)s, %(system_identifier)s, %(timeline)s, %(drained_at)s)
ON CONFLICT (name) DO UPDATE SET snapshot = excluded.snapshot, system_identifier = excluded.system_identifier,
    timeline = excluded.timeline, drained_at = excluded.drained_at
"""


@dataclass(frozen=True)
class Cursor:
    """How far the outbox was read, and in which cluster: after a restore or a failover a snapshot means nothing."""

    snapshot: str
    drained_at: datetime
    system_identifier: int
    timeline: int


@dataclass(frozen=True)
class Drained:
    """What one drain did: the cursor after it, the events it read and the signals that went out."""

    cursor: Cursor
    events: int
    signals: int


def watch_redis(conn: psycopg.Connection, client: redis.Redis, known: str | None) -> str:
    """Make every page resync when Redis is another than the one that signals went to: restarted, or failed over.

    Its log may lack the newest signals, and the next one would hide the gap from a page that resumes. Returns the run id
    to give as `known` the next time.
    """
    run_id = str(cast(Any, client.info("server"))["run_id"])
    if run_id != known:
        saved = _one(conn, "SELECT redis_run_id FROM readers WHERE name = %(name)s", {"name": READER})["redis_run_id"]
        if saved not in (None, run_id):
            resync(conn, client)
        conn.execute("UPDATE readers SET redis_run_id = %s WHERE name = %s", [run_id, READER])
    return run_id


def open_cursor(conn: psycopg.Connection, client: redis.Redis) -> Cursor:
    """The saved cursor if it belongs to this cluster and its past; otherwise everybody resyncs and reading starts now."""
    present = _cursor(_one(conn, _PRESENT))
    saved = _one(conn, "SELECT *, snapshot::text FROM readers WHERE name = %(name)s", {"name": READER})
    if saved and _is_past_of(_cursor(saved), present):
        return _cursor(saved)
    resync(conn, client)
    _save(conn, present)
    return present


def drain(conn: psycopg.Connection, client: redis.Redis, cursor: Cursor) -> Drained:
    """Read what was committed since `cursor`, publish one signal a tenant, then save the new cursor.

    Saved after the publish: at least once. Raises redis.RedisError or psycopg.Error, with the cursor as it was.
    """
    groups = _all(conn, _DRAIN, {"old": cursor.snapshot})
    after = replace(cursor, snapshot=groups[0]["snapshot"], drained_at=groups[0]["drained_at"])
    waiting = _fold(group for group in groups if group["tenant_id"] is not None)
    for tenant_id in _tenants_whose_day_turned(conn, cursor, after):
        waiting.setdefault(tenant_id, _Pending()).topics[DAY] = None
    for tenant_id, pending in waiting.items():
        pending.publish(client, tenant_id, after.drained_at)
    if waiting:
        _save(conn, after)
    return Drained(after, sum(group["events"] or 0 for group in groups), len(waiting))


def catch_up(database_url: str, client: redis.Redis) -> Drained | None:
    """Drain once if no listener leads, so that a board without a listener is a minute late and not dead."""
    with doorbell.connect(database_url, "doorbell catch-up") as conn:
        return drain(conn, client, open_cursor(conn, client)) if doorbell.try_lead(conn) else None


def resync(conn: psycopg.Connection, client: redis.Redis) -> None:
    """Tell every page of every tenant to refetch everything, pages that are away for the moment included."""
    for tenant in _all(conn, "SELECT id FROM tenants"):
        signals.publish(client, tenant["id"], {RESYNC: None})


class _Pending:
    """The signal of one tenant while the groups of its events are folded into it."""

    def __init__(self) -> None:
        self.topics: dict[str, list[int] | None] = {}
        self.users: dict[int, list[str]] = {}
        self.newest: datetime | None = None

    def add(self, group: dict[str, Any]) -> None:
        for topic in TOPICS_BY_TYPE.get(group["type"], BOARD_TOPICS):  # a type of a newer trigger concerns everybody
            if topic == ORDERS:
                self._add_ids(group["ids"])
            else:
                self.topics[topic] = None
        if group["owner_id"] is not None and group["type"] in (
            *OWNER_TYPES,
            "deleted",
        ):  # a deleted order leaves the inbox
            self.users[group["owner_id"]] = [INBOX]
        self.newest = max(self.newest or group["newest"], group["newest"])

    def _add_ids(self, ids: list[int] | None) -> None:
        known = self.topics.get(ORDERS, [])
        if ids is None or known is None:
            self.topics[ORDERS] = None
            return
        together = sorted({*known, *ids})
        self.topics[ORDERS] = together if len(together) <= signals.IDS_PER_SIGNAL else None

    def publish(self, client: redis.Redis, tenant_id: int, now: datetime) -> None:
        signals.publish(
            client, tenant_id, self.topics, self.users, now_ms=_epoch_ms(now), at_ms=_epoch_ms(self.newest or now)
        )


def _fold(groups: Any) -> dict[int, _Pending]:
    tenants: dict[int, _Pending] = {}
    for group in groups:
        tenants.setdefault(group["tenant_id"], _Pending()).add(group)
    return tenants


def _tenants_whose_day_turned(conn: psycopg.Connection, before: Cursor, after: Cursor) -> list[int]:
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


def _is_past_of(saved: Cursor, present: Cursor) -> bool:
    same_cluster = (saved.system_identifier, saved.timeline) == (present.system_identifier, present.timeline)
    return same_cluster and _xmax(saved) <= _xmax(present)


def _xmax(cursor: Cursor) -> int:
    return int(cursor.snapshot.split(":")[1])


def _cursor(row: dict[str, Any]) -> Cursor:
    return Cursor(row["snapshot"], row["drained_at"], int(row["system_identifier"]), row["timeline"])


def _save(conn: psycopg.Connection, cursor: Cursor) -> None:
    conn.execute(_SAVE, {"name": READER, **cursor.__dict__})


def _epoch_ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _all(conn: psycopg.Connection, statement: str, values: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(statement, values).fetchall()


def _one(conn: psycopg.Connection, statement: str, values: dict[str, Any] | None = None) -> dict[str, Any]:
    rows = _all(conn, statement, values)
    return rows[0] if rows else {}
