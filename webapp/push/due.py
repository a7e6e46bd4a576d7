"""Which browsers get a push now, and of which notifications. No transaction is open while one is sent."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg.rows import namedtuple_row

from ..events.notification_kinds import KINDS, PUSH
from ..queries.notification_preferences import of_rows

# More than a push takes. A worker that is killed leaves its subscriptions to the next run after this.
LEASE_SECONDS = 30
# Of a browser that its push service refuses for so long, the subscription is removed.
FAILING_DAYS = 5
# A push of more notifications than this counts this many.
MAX_ITEMS = 1000

# A subscription ends with its sign-in: by a sign-out, a new password or role, a disabled user, or the end of the cookie.
_FORGET = f"""
DELETE FROM push_subscriptions s USING users u
WHERE u.tenant_id = s.tenant_id AND u.id = s.user_id AND (
    s.session_ends <= now() OR u.disabled_at IS NOT NULL OR s.sessions_from IS DISTINCT FROM u.sessions_from
    OR s.failing_since < now() - make_interval(days => {FAILING_DAYS})
    OR EXISTS (SELECT FROM ended_sessions e WHERE e.id = s.session_id))
"""  # noqa: S608 - only our constants
# A snapshot that is ahead came with a dump of another cluster.
_RESET = """
UPDATE push_subscriptions SET seen = pg_current_snapshot()
WHERE pg_snapshot_xmax(seen) > pg_snapshot_xmax(pg_current_snapshot())
"""
_IS_NEW = """
n.tenant_id = s.tenant_id AND n.user_id = s.user_id AND n.read_at IS NULL
    AND n.xid >= pg_snapshot_xmin(s.seen) AND NOT pg_visible_in_snapshot(n.xid, s.seen)
"""
# Served by ix_notifications_unread, once per subscription.
_CLAIM = f"""
WITH due AS (
    SELECT s.tenant_id, s.id FROM push_subscriptions s
    WHERE s.due_at <= now() AND EXISTS (SELECT FROM notifications n WHERE {_IS_NEW})
    LIMIT %(limit)s FOR UPDATE SKIP LOCKED
)
UPDATE push_subscriptions s SET due_at = now() + make_interval(secs => {LEASE_SECONDS})
FROM due WHERE s.tenant_id = due.tenant_id AND s.id = due.id
RETURNING s.tenant_id, s.id, s.user_id, s.endpoint, s.p256dh, s.auth, s.base_path, s.seen::text AS seen, s.failing_since
"""  # noqa: S608 - only our constants
_CONTEXT = """
SELECT t.timezone, t.currency, t.locale, u.language, now() AS now,
       p.kind, p.toast, p.sound, p.desktop, p.push, p.muted_at, q.starts, q.ends
FROM tenants t
LEFT JOIN users u ON u.tenant_id = t.id AND u.id = %(user)s
LEFT JOIN quiet_hours q ON q.tenant_id = t.id AND q.user_id = %(user)s
LEFT JOIN notification_preferences p ON p.tenant_id = t.id AND p.user_id = %(user)s
WHERE t.id = %(tenant)s
"""
# Notifications that are older than a day are no news: the push service was away.
_ITEMS = f"""
SELECT n.id, n.type, n.order_id, n.destination_id, n.destination, n.error, o.number, o.customer, o.total_minor,
       o.refunded_minor, pg_current_snapshot()::text AS snapshot
FROM push_subscriptions s
LEFT JOIN notifications n ON {_IS_NEW} AND n.type = ANY (%(types)s) AND n.created_at > now() - make_interval(days => 1)
LEFT JOIN orders o ON o.tenant_id = n.tenant_id AND o.id = n.order_id
WHERE s.tenant_id = %(tenant)s AND s.id = %(id)s
ORDER BY n.id DESC LIMIT {MAX_ITEMS}
"""  # noqa: S608 - only our constants

Rows = list[Any]


def forget_ended(conn: psycopg.Connection[Any]) -> None:
    """Remove the subscriptions whose sign-in has ended."""
    conn.execute(_FORGET)
    conn.execute(_RESET)


def any_left(conn: psycopg.Connection[Any]) -> bool:
    return conn.execute("SELECT FROM push_subscriptions LIMIT 1").fetchone() is not None


def claim(conn: psycopg.Connection[Any], limit: int) -> Rows:
    """Subscriptions with new notifications; no other run gets them for LEASE_SECONDS."""
    return _all(conn, _CLAIM, {"limit": limit})


def read(conn: psycopg.Connection[Any], subscription: Any) -> tuple[Rows, Any, str]:
    """The notifications to send, newest first; the tenant's context; and the snapshot that has seen them.

    There are none in quiet hours, or when the user wants no pushes of these kinds.
    """
    key = {"tenant": subscription.tenant_id, "user": subscription.user_id, "id": subscription.id}
    context = _all(conn, _CONTEXT, key)
    stored = of_rows(context)
    is_quiet = stored.is_quiet(context[0].now, context[0].timezone)
    types = [kind.name for kind in KINDS if PUSH in stored.channels(kind.name, is_quiet)]
    rows = _all(conn, _ITEMS, key | {"types": types})
    # Unsubscribed meanwhile: there is nothing to send.
    snapshot = rows[0].snapshot if rows else subscription.seen
    return [row for row in rows if row.id is not None], context[0], snapshot


def _all(conn: psycopg.Connection[Any], statement: str, values: dict[str, Any]) -> Rows:
    return conn.cursor(row_factory=namedtuple_row).execute(statement.encode(), values).fetchall()
