"""Figures, dead letters and the audit log of destinations, for the relay's pages.

The caller checks that the tenant sees the destination (relay/destinations.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from ..db import db

# Larger numbers are shown as "more than 10,000".
MAX_COUNTED = 10_000
PAGE_ROWS = 25

# Served by the primary key of relay_held_events, and by ix_webhook_deliveries_dead, _due and _done.
FIGURES_SQL = text("""
    SELECT d.id,
        (SELECT count(*) FROM (SELECT FROM relay_held_events h
            WHERE h.destination_id = d.id AND h.reason IS NOT NULL LIMIT :limit) AS dead)
        + (SELECT count(*) FROM (SELECT FROM webhook_deliveries w
            WHERE w.destination_id = d.id AND w.state = 'dead' LIMIT :limit) AS dead) AS dead,
        (SELECT count(*) FROM (SELECT FROM relay_held_events h
            WHERE h.destination_id = d.id AND h.reason IS NULL LIMIT :limit) AS behind) AS behind,
        waiting.deliveries AS waiting, waiting.seconds AS waiting_seconds,
        (SELECT coalesce(sum(cardinality(r.event_ids)), 0)::bigint FROM relay_receipts r
            WHERE r.destination_id = d.id AND r.acknowledged_at > now() - interval '1 minute')
        + (SELECT count(*) FROM webhook_deliveries w WHERE w.destination_id = d.id AND w.state = 'delivered'
            AND w.done_at > now() - interval '1 minute') AS sent_last_minute,
        CASE d.state WHEN 'paused' THEN (SELECT a.actor FROM relay_audit a
            WHERE a.destination = d.name AND a.verb = 'paused' ORDER BY a.id DESC LIMIT 1) END AS paused_by
    FROM relay_destinations d,
        LATERAL (SELECT count(*) AS deliveries, extract(epoch FROM now() - min(created_at))::float8 AS seconds FROM (
            SELECT w.created_at FROM webhook_deliveries w
            WHERE w.destination_id = d.id AND w.state = 'waiting' LIMIT :limit) AS oldest) AS waiting
    WHERE d.id = ANY (:ids)
""")
# Of destinations d, as relay/destinations.py has it.
SEEN_BY_TENANT = "(d.tenant_id = :tenant OR d.tenant_id IS NULL AND tenancy_is_only(:tenant))"
ATTENTION_SQL = text(f"""
    SELECT count(*) FROM relay_destinations d
    WHERE {SEEN_BY_TENANT}
        AND (d.state = 'disabled' OR d.state = 'active' AND d.failing_since IS NOT NULL
            OR EXISTS (SELECT FROM relay_held_events h WHERE h.destination_id = d.id AND h.reason IS NOT NULL)
            OR EXISTS (SELECT FROM webhook_deliveries w WHERE w.destination_id = d.id AND w.state = 'dead'))
""")  # noqa: S608 - only our constants
HELD_SQL = text("""
    SELECT h.event_id AS id, h.event_id, h.order_id, o.number, h.event->>'type' AS type, h.reason, h.attempts,
        h.held_at AS since, h.requested,
        (SELECT count(*) FROM (SELECT FROM relay_held_events w WHERE w.destination_id = h.destination_id
            AND w.order_id = h.order_id AND w.event_id > h.event_id LIMIT :counted) AS later) AS behind
    FROM relay_held_events h LEFT JOIN orders o ON o.tenant_id = h.tenant_id AND o.id = h.order_id
    WHERE h.destination_id = :destination AND h.tenant_id = :tenant AND h.reason IS NOT NULL AND h.event_id > :after
    ORDER BY h.event_id LIMIT :limit
""")
DEAD_DELIVERIES_SQL = text("""
    SELECT d.id, d.event_id, d.order_id, o.number, d.type, d.reason, d.attempts, d.done_at AS since, NULL AS requested,
        (SELECT count(*) FROM (SELECT FROM webhook_deliveries w WHERE w.destination_id = d.destination_id
            AND w.order_id = d.order_id AND w.id > d.id AND w.state = 'waiting' LIMIT :counted) AS later) AS behind
    FROM webhook_deliveries d LEFT JOIN orders o ON o.tenant_id = d.tenant_id AND o.id = d.order_id
    WHERE d.destination_id = :destination AND d.tenant_id = :tenant AND d.state = 'dead' AND d.id > :after
    ORDER BY d.id LIMIT :limit
""")
# A name may have been another destination's before, of another tenant.
AUDIT_SQL = text("""
    SELECT id, at, actor, verb, details FROM relay_audit
    WHERE destination = :name AND at >= :since AND tenant_id IS NOT DISTINCT FROM CAST(:tenant AS bigint) AND id < :before
    ORDER BY id DESC LIMIT :limit
""")


@dataclass(frozen=True)
class Figures:
    """Numbers of one destination, each counted up to MAX_COUNTED + 1 except `sent_last_minute`.

    `waiting` are deliveries of a webhook, the oldest `waiting_seconds` old (None without any). `behind` are events that wait
    behind a dead letter of their order.
    """

    id: int
    dead: int
    behind: int
    waiting: int
    waiting_seconds: float | None
    sent_last_minute: int
    paused_by: str | None


@dataclass(frozen=True)
class DeadLetter:
    """An event that a destination refused. `id` is its place in the list; `number` is None for a deleted order.

    `requested` is "retry" or "skip" until the relay worker has done it.
    """

    id: int
    event_id: int
    order_id: int
    number: str | None
    type: str
    reason: str | None
    attempts: int
    since: datetime | None
    requested: str | None
    behind: int


@dataclass(frozen=True)
class AuditEntry:
    """An entry of the audit log: `actor` did `verb`."""

    id: int
    at: datetime
    actor: str
    verb: str
    details: str


def figures(ids: Sequence[int]) -> dict[int, Figures]:
    """The figures of destinations by their ids."""
    rows = db.session.execute(FIGURES_SQL, {"ids": list(ids), "limit": MAX_COUNTED + 1})
    return {row.id: Figures(**row._mapping) for row in rows}


def needing_attention(tenant_id: int) -> int:
    """The number of visible destinations that fail, are disabled or have dead letters."""
    return int(db.session.execute(ATTENTION_SQL, {"tenant": tenant_id}).scalar_one())


def dead_letters(
    tenant_id: int, destination_id: int, is_webhook: bool, after: int, rows: int = PAGE_ROWS
) -> list[DeadLetter]:
    """The dead letters after a place in the list, oldest first; one more than `rows` when there are more."""
    values = {"destination": destination_id, "tenant": tenant_id, "after": after, "limit": rows + 1}
    statement = DEAD_DELIVERIES_SQL if is_webhook else HELD_SQL
    return [DeadLetter(**row._mapping) for row in db.session.execute(statement, values | {"counted": MAX_COUNTED + 1})]


def audit_log(
    name: str, tenant_id: int | None, since: datetime, before: int, rows: int = PAGE_ROWS
) -> list[AuditEntry]:
    """The entries of a destination of this tenant (None: of all) since it was added, newest first, before an id.

    One more than `rows` when there are more.
    """
    values = {"name": name, "tenant": tenant_id, "since": since, "before": before, "limit": rows + 1}
    return [AuditEntry(**row._mapping) for row in db.session.execute(AUDIT_SQL, values)]
