"""The events that would explain the orders as they are, where triggers did not fire.

Triggers do not fire for rows that logical replication applies, for `pg_restore --disable-triggers`, for
`session_replication_role = replica` and for DISABLE TRIGGER. An order's events then describe an earlier state, or none. The
statement folds the events of each order into the state that they describe, and compares it with the row. A difference is the
event that the triggers would have written for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, LiteralString

import psycopg
from psycopg.rows import class_row

from .chunks import Chunk

VIA = "doorbell reconcile"
# Dates of a refund without `refunded_at`.
DATES = ("now", "paid")

# The state that the events describe. Only events after the last deletion count, because an id can be inserted again. A column
# has its value from the last event that has it. A sum of refunds finds a missing one between two others, too.
_KNOWN: LiteralString = """
events AS MATERIALIZED (
    SELECT * FROM order_events e WHERE e.tenant_id = %(tenant)s AND {order_id}
),
deleted AS (SELECT order_id, max(id) AS id FROM events WHERE type = 'deleted' GROUP BY order_id),
known AS (
    SELECT e.order_id, min(e.occurred_at) AS first_at, bool_or(e.type = 'placed') AS is_placed,
        (array_agg(e.owner_id ORDER BY e.id DESC))[1] AS owner_id,
        (array_agg(e.new_values ->> 'number' ORDER BY e.id DESC) FILTER (WHERE e.new_values ? 'number'))[1] AS number,
        (array_agg(coalesce((e.new_values ->> 'total_minor')::bigint, e.amount_minor) ORDER BY e.id DESC)
            FILTER (WHERE e.type IN ('placed', 'paid') OR e.new_values ? 'total_minor'))[1] AS total_minor,
        (array_agg(CASE e.type WHEN 'placed' THEN e.occurred_at ELSE (e.new_values ->> 'placed_at')::timestamptz END
            ORDER BY e.id DESC) FILTER (WHERE e.type = 'placed' OR e.new_values ? 'placed_at'))[1] AS placed_at,
        (array_agg(CASE e.type WHEN 'paid' THEN e.occurred_at ELSE (e.new_values ->> 'paid_at')::timestamptz END
            ORDER BY e.id DESC) FILTER (WHERE e.type = 'paid' OR e.new_values ? 'paid_at'))[1] AS paid_at,
        (array_agg(CASE e.type WHEN 'shipped' THEN e.occurred_at ELSE (e.new_values ->> 'shipped_at')::timestamptz END
            ORDER BY e.id DESC) FILTER (WHERE e.type = 'shipped' OR e.new_values ? 'shipped_at'))[1] AS shipped_at,
        (array_agg(CASE e.type WHEN 'cancelled' THEN e.occurred_at ELSE (e.new_values ->> 'cancelled_at')::timestamptz END
            ORDER BY e.id DESC) FILTER (WHERE e.type = 'cancelled' OR e.new_values ? 'cancelled_at'))[1] AS cancelled_at,
        coalesce(bool_or(e.new_values ? 'paid_at'), false) AS has_paid_edit,
        coalesce(bool_or(e.new_values ? 'shipped_at'), false) AS has_shipped_edit,
        coalesce(bool_or(e.new_values ? 'cancelled_at'), false) AS has_cancelled_edit,
        coalesce(sum(e.amount_minor) FILTER (WHERE e.type = 'refunded'), 0)::bigint AS refunded_minor,
        (array_agg(coalesce((e.old_values ->> 'refunded_minor')::bigint, 0) ORDER BY e.id)
            FILTER (WHERE e.type = 'refunded'))[1] AS refunded_before
    FROM events e LEFT JOIN deleted d ON d.order_id = e.order_id
    WHERE e.id > coalesce(d.id, 0)
    GROUP BY e.order_id
),
"""
# Events that the retention may have dropped are not missing: those of times before the oldest kept month, in an order without
# a kept `placed` event, of a tenant that is older than that month. There the row's own value counts as known.
_STATES: LiteralString = """
kept AS (SELECT coalesce(min(begins), '-infinity') AS since FROM order_events_partitions()),
matched AS (
    SELECT o.*, k.order_id AS known_order_id, coalesce(o.id, k.order_id) AS order_id, k.first_at, k.number AS known_number,
           k.owner_id AS known_owner_id, k.total_minor AS k_total, k.placed_at AS k_placed, k.paid_at AS k_paid,
           k.shipped_at AS k_shipped, k.cancelled_at AS k_cancelled, k.has_paid_edit, k.has_shipped_edit,
           k.has_cancelled_edit, coalesce(k.refunded_minor, 0) AS k_refunded, k.refunded_before,
           coalesce(k.is_placed, false) AS is_placed, kept.since,
           t.created_at < kept.since AND k.is_placed IS NOT TRUE AS may_lack_events
    FROM (SELECT * FROM orders o WHERE o.tenant_id = %(tenant)s AND {id}) AS o
    FULL JOIN known k ON k.order_id = o.id
    CROSS JOIN kept JOIN tenants t ON t.id = %(tenant)s
),
states AS (
    SELECT m.*,
        m.known_order_id IS NOT NULL AS has_events,
        m.id IS NOT NULL AND NOT m.is_placed AND NOT (m.may_lack_events AND m.placed_at < m.since) AS lacks_placed,
        coalesce(m.k_total, m.total_minor, 0) AS old_total,
        coalesce(m.k_placed, m.placed_at, m.first_at) AS old_placed,
        CASE WHEN m.may_lack_events AND m.has_paid_edit IS NOT TRUE AND m.paid_at < m.since
             THEN coalesce(m.k_paid, m.paid_at) ELSE m.k_paid END AS old_paid,
        CASE WHEN m.may_lack_events AND m.has_shipped_edit IS NOT TRUE AND m.shipped_at < m.since
             THEN coalesce(m.k_shipped, m.shipped_at) ELSE m.k_shipped END AS old_shipped,
        CASE WHEN m.may_lack_events AND m.has_cancelled_edit IS NOT TRUE AND m.cancelled_at < m.since
             THEN coalesce(m.k_cancelled, m.cancelled_at) ELSE m.k_cancelled END AS old_cancelled,
        m.k_refunded + CASE WHEN m.may_lack_events AND coalesce(m.paid_at, m.placed_at) < m.since
             THEN coalesce(m.refunded_before, m.refunded_minor - m.k_refunded) ELSE 0 END AS old_refunded
    FROM matched m
),
described AS (
    SELECT s.*, lacks_placed AND NOT has_events AS is_inserted,
           CASE WHEN old_cancelled IS NOT NULL THEN 'cancelled'
                     WHEN old_paid IS NOT NULL AND old_refunded > 0 AND old_refunded >= old_total THEN 'refunded'
                     WHEN old_shipped IS NOT NULL THEN 'shipped'
                     WHEN old_paid IS NOT NULL THEN 'paid' ELSE 'placed' END AS old_status
    FROM states s
    -- Few orders differ; the events of the others are not built.
    WHERE id IS NULL OR lacks_placed OR has_events AND known_owner_id IS DISTINCT FROM owner_id
        OR (old_total, old_placed, old_paid, old_shipped, old_cancelled, old_refunded)
            IS DISTINCT FROM (total_minor, placed_at, paid_at, shipped_at, cancelled_at, refunded_minor)
),
"""
# As orders_inserted(), orders_updated() and orders_deleted() write them, in their order. A refund whose time the triggers would
# have refused is dated at the payment or now, because it is in the row already.
_MISSING: LiteralString = """
missing AS (
    SELECT %(tenant)s::bigint AS tenant_id, d.order_id, coalesce(d.number, d.known_number) AS number, event.type,
           CASE WHEN d.id IS NULL THEN d.known_owner_id ELSE d.owner_id END AS owner_id, event.amount_minor,
           event.old_values, event.new_values, coalesce(event.occurred_at, now()) AS occurred_at, event.position
    FROM described d
    CROSS JOIN LATERAL (
        SELECT jsonb_object_agg(name, before) AS before, jsonb_object_agg(name, after) AS after,
               coalesce(bool_or(is_edit), false) AS applies
        FROM (VALUES
            ('total_minor', NOT d.lacks_placed, to_jsonb(d.old_total), to_jsonb(d.total_minor)),
            ('placed_at', NOT d.lacks_placed, to_jsonb(d.old_placed), to_jsonb(d.placed_at)),
            ('paid_at', d.old_paid IS NOT NULL AND d.paid_at IS NOT NULL, to_jsonb(d.old_paid), to_jsonb(d.paid_at)),
            ('shipped_at', d.old_shipped IS NOT NULL AND d.shipped_at IS NOT NULL, to_jsonb(d.old_shipped),
             to_jsonb(d.shipped_at)),
            ('cancelled_at', d.old_cancelled IS NOT NULL, to_jsonb(d.old_cancelled), to_jsonb(d.cancelled_at)),
            ('status', false, to_jsonb(d.old_status), to_jsonb(d.status))
        ) AS field (name, is_edit, before, after)
        WHERE d.id IS NOT NULL AND before IS DISTINCT FROM after
    ) AS edit
    CROSS JOIN LATERAL (
        SELECT CASE WHEN NOT d.is_inserted THEN jsonb_build_object('status', d.old_status) END AS before,
               jsonb_build_object('status', d.status) AS after
    ) AS status
    CROSS JOIN LATERAL (VALUES
        (1, 'placed', d.lacks_placed, d.placed_at, d.total_minor, NULL::jsonb,
         status.after || jsonb_build_object('total_minor', d.total_minor, 'currency', d.currency)),
        (2, 'edited', edit.applies, NULL, NULL, edit.before, edit.after),
        (3, 'reassigned', d.id IS NOT NULL AND d.has_events AND NOT d.lacks_placed
             AND d.known_owner_id IS DISTINCT FROM d.owner_id, NULL, NULL,
         jsonb_build_object('owner_id', d.known_owner_id), jsonb_build_object('owner_id', d.owner_id)),
        (4, 'paid', d.old_paid IS NULL AND d.paid_at IS NOT NULL, d.paid_at, d.total_minor, status.before, status.after),
        (5, 'shipped', d.old_shipped IS NULL AND d.shipped_at IS NOT NULL, d.shipped_at, NULL, status.before, status.after),
        (6, 'refunded', d.refunded_minor <> d.old_refunded,
         coalesce(CASE WHEN d.refunded_at IS NOT NULL THEN least(greatest(d.refunded_at, d.paid_at), now()) END,
                  CASE WHEN %(dated)s = 'paid' OR d.is_inserted THEN d.paid_at END),
         d.refunded_minor - d.old_refunded, status.before || jsonb_build_object('refunded_minor', d.old_refunded),
         status.after || jsonb_build_object('refunded_minor', d.refunded_minor)),
        (7, 'payment_corrected', d.id IS NOT NULL AND d.old_paid IS NOT NULL AND d.paid_at IS NULL, NULL, d.old_total,
         status.before || jsonb_build_object('paid_at', d.old_paid),
         status.after || jsonb_build_object('paid_at', NULL, 'reason', NULL)),
        (8, 'shipment_corrected', d.id IS NOT NULL AND d.old_shipped IS NOT NULL AND d.shipped_at IS NULL, NULL, NULL,
         status.before || jsonb_build_object('shipped_at', d.old_shipped),
         status.after || jsonb_build_object('shipped_at', NULL, 'reason', NULL)),
        (9, 'cancelled', d.old_cancelled IS NULL AND d.cancelled_at IS NOT NULL, d.cancelled_at, NULL,
         status.before, status.after),
        (10, 'deleted', d.id IS NULL, NULL, NULL, jsonb_build_object('number', d.known_number, 'status', d.old_status,
             'total_minor', d.old_total, 'placed_at', d.old_placed, 'paid_at', d.old_paid), NULL)
    ) AS event (position, type, applies, occurred_at, amount_minor, old_values, new_values)
    WHERE event.applies
)
"""
_BASE: LiteralString = "WITH " + _KNOWN + _STATES + _MISSING
_SHOWN: LiteralString = (
    "SELECT tenant_id, order_id, number, type, amount_minor FROM missing ORDER BY order_id, position"
)
_WRITTEN: LiteralString = """, written AS (
    INSERT INTO order_events (tenant_id, order_id, type, owner_id, via, amount_minor, old_values, new_values, occurred_at)
    SELECT tenant_id, order_id, type, owner_id, %(via)s, amount_minor, old_values, new_values, occurred_at
    FROM missing ORDER BY order_id, position
)
"""
_IN_CHUNK: LiteralString = "{0} >= %(low)s AND {0} < %(high)s"
_OF_ORDERS: LiteralString = "{0} = ANY (%(orders)s)"


@dataclass(frozen=True)
class MissingEvent:
    """An event that no trigger wrote. `number` is None for a deleted order whose number no event has."""

    tenant_id: int
    order_id: int
    number: str | None
    type: str
    amount_minor: int | None


def find(conn: psycopg.Connection[Any], chunk: Chunk) -> list[MissingEvent]:
    """The missing events of the orders of a chunk, by order, on one snapshot: a writer's row and events appear together."""
    values = {"tenant": chunk.tenant_id, "low": chunk.low, "high": chunk.high}
    return _run(conn, _BASE, _IN_CHUNK, values)


def write(conn: psycopg.Connection[Any], tenant_id: int, orders: Sequence[int], dated: str) -> list[MissingEvent]:
    """Write the events that these orders still lack, and return them. The caller has locked the rows."""
    return _run(conn, _BASE + _WRITTEN, _OF_ORDERS, {"tenant": tenant_id, "orders": list(orders), "dated": dated})


def _run(
    conn: psycopg.Connection[Any], statement: LiteralString, scope: LiteralString, values: dict[str, Any]
) -> list[MissingEvent]:
    """Planned per call: some orders are found by their keys, a chunk by a range."""
    statement = statement.replace("{order_id}", scope.replace("{0}", "e.order_id"))
    statement = statement.replace("{id}", scope.replace("{0}", "o.id")) + _SHOWN
    with conn.cursor(row_factory=class_row(MissingEvent)) as cursor:
        return cursor.execute(statement, {"dated": DATES[0], "via": VIA} | values, prepare=False).fetchall()
