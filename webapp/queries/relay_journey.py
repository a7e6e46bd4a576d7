"""The statements of relay/journey.py: what is recorded about the events of one order at some destinations."""

from __future__ import annotations

from sqlalchemy import text

MAX_EVENTS = 50

# Served by ix_order_events_order.
EVENTS_SQL = text("""
    SELECT e.id, e.type, e.recorded_at, coalesce(u.name, tenancy_other_program(e.written_by), nullif(e.via, ''),
        'an unnamed program') AS by
    FROM order_events e LEFT JOIN users u ON u.tenant_id = e.tenant_id AND u.id = e.actor_id
    WHERE e.tenant_id = :tenant AND e.order_id = :order ORDER BY e.id DESC LIMIT :limit
""")
# Served by ix_relay_receipts_events. Ids are used again after a point-in-time restore, but no receipt is older than its event.
# Under the policy of a web process that index would not be used, so a function reads it.
RECEIPTS_SQL = text("""
    SELECT r.destination_id, r.event_id, r.acknowledged_at, r.position
    FROM relay_receipts_of_events(:destinations, :events) AS r
    JOIN order_events e ON e.id = r.event_id AND r.acknowledged_at >= e.recorded_at
    WHERE e.tenant_id = :tenant AND e.order_id = :order AND e.id = ANY (:events) ORDER BY r.id
""")
# Served by ix_relay_held_events_tenant.
HELD_SQL = text("""
    SELECT destination_id, event_id, reason, attempts, held_at, requested FROM relay_held_events
    WHERE tenant_id = :tenant AND order_id = :order AND destination_id = ANY (:destinations)
""")
# Served by ix_webhook_deliveries_order and ix_webhook_attempts_delivery.
DELIVERIES_SQL = text("""
    SELECT d.id, d.destination_id, d.event_id, d.state, d.attempts, d.next_at, d.done_at, d.replay_id, d.reason,
        last.status, last.milliseconds
    FROM webhook_deliveries d LEFT JOIN LATERAL (SELECT a.status, a.milliseconds FROM webhook_attempts a
        WHERE a.delivery_id = d.id ORDER BY a.id DESC LIMIT 1) AS last ON true
    WHERE d.tenant_id = :tenant AND d.order_id = :order AND d.event_id = ANY (:events)
        AND d.destination_id = ANY (:destinations) ORDER BY d.id
""")
# Served by ix_relay_audit_destination.
SKIPPED_SQL = text("""
    SELECT a.destination, a.at, substring(a.details FROM '^event ([0-9]{1,18}):')::bigint AS event_id FROM relay_audit a
    WHERE a.destination = ANY (:names) AND a.verb = 'skipped' AND split_part(a.details, ':', 1) = ANY (:details)
""")
