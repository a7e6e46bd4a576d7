"""Facts beside the counts on a subject's page: destinations that received the data, tables that write it again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import psycopg
from flask_babel.speaklater import LazyString
from psycopg.rows import tuple_row

from ..language import lazy_gettext
from .subjects import Subject

# By table, in the order of the page.
LABELS: Mapping[str, LazyString] = {
    "orders": lazy_gettext("Orders"),
    "order_lines": lazy_gettext("Items of orders"),
    "order_events": lazy_gettext("History of orders"),
    "order_comments": lazy_gettext("Comments and mentions"),
    "notifications": lazy_gettext("Notifications"),
    "webhook_deliveries": lazy_gettext("Messages to webhooks"),
    "webhook_attempts": lazy_gettext("Attempts to send them"),
    "relay_held_events": lazy_gettext("Messages that a broker refused"),
    "uploads": lazy_gettext("Imports"),
    "users": lazy_gettext("Account"),
    "notification_preferences": lazy_gettext("Notification settings"),
    "quiet_hours": lazy_gettext("Quiet hours"),
    "push_subscriptions": lazy_gettext("Browsers with push notifications"),
    "sales_targets": lazy_gettext("Sales targets"),
    "rollups_daily": lazy_gettext("Sales figures per day"),
    "audit_log": lazy_gettext("Audit log"),
    "tv_links": lazy_gettext("TV screens"),
    "relay_audit": lazy_gettext("Changes of webhooks and brokers"),
    "user_sessions": lazy_gettext("Sessions"),
    "passkeys": lazy_gettext("Passkeys"),
    "invitations": lazy_gettext("Invitations"),
}
_DESTINATIONS = """
SELECT name FROM relay_destinations WHERE coalesce(tenant_id, %(tenant)s) = %(tenant)s AND sent > 0 ORDER BY name
"""
_ATTACHED = "SELECT name FROM attachments WHERE coalesce(tenant_id, %(tenant)s) = %(tenant)s ORDER BY name"
_FILES = "SELECT count(*) FROM uploads WHERE tenant_id = %(tenant)s"


@dataclass(frozen=True)
class Context:
    """`destinations` have received messages, `attached` are tables that write orders, `files` are uploads to search."""

    destinations: tuple[str, ...]
    attached: tuple[str, ...]
    files: int
    spellings: tuple[str, ...]


def read(conn: psycopg.Connection[Any], subject: Subject) -> Context:
    values = {"tenant": subject.tenant_id}
    cursor = conn.cursor(row_factory=tuple_row)
    destinations = tuple(row[0] for row in cursor.execute(_DESTINATIONS, values).fetchall())
    attached = tuple(row[0] for row in cursor.execute(_ATTACHED, values).fetchall())
    files = cursor.execute(_FILES, values).fetchone()
    spellings = subject.names().spellings
    return Context(destinations, attached, int(files[0]) if files else 0, spellings)


def labelled(counts: Mapping[str, int | None]) -> list[tuple[str, int | None]]:
    """The counts with their words, in the order of LABELS. A table without a word is named by its own name."""
    known = [table for table in LABELS if table in counts]
    others = sorted(table for table in counts if table not in LABELS)
    return [(str(LABELS.get(table, table.replace("_", " "))), counts[table]) for table in [*known, *others]]
