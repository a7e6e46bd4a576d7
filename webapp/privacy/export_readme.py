"""The README inside of an export."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from .subjects import Subject

# By table, in plain words. A table without a line is named as it is.
MEANINGS = {
    "users": "the user: name, e-mail address, role, settings",
    "orders": "orders; amounts are in the smallest unit of the currency (1250 is 12.50)",
    "order_lines": "the items of the orders",
    "order_events": "what happened to the orders, with the values before and after each change",
    "order_comments": "comments on the orders, or comments that the person wrote or was mentioned in",
    "notifications": "messages in the inboxes of colleagues",
    "notification_preferences": "how the person is notified",
    "quiet_hours": "when the person is not notified",
    "push_subscriptions": "browsers that receive push notifications; their keys are secret",
    "uploads": "imported files that the person uploaded, or whose preview or result names the subject",
    "uploaded files": "lines of imported files that name the subject, in the folder uploaded_files",
    "webhook_deliveries": "messages about the orders to webhooks, as they were sent",
    "webhook_attempts": "the attempts to send them, with the receiver's answer",
    "relay_held_events": "messages about the orders that a message broker refused",
    "relay_audit": "what the person did to webhooks and message brokers",
    "relay_replays": "repeats of old messages that the person started",
    "rollups_daily": "the person's sales figures per day",
    "sales_targets": "sales targets of the person",
    "audit_log": "what the person did, and what was done to the person's account: when and from which address",
    "user_sessions": "sign-ins: when, from which address, with which browser",
    "passkeys": "passkeys: names and times; the keys are secret",
    "authenticator_apps": "the authenticator app: when it was set up",
    "recovery_codes": "recovery codes: when they were made and used",
    "sso_identities": "the account at the identity provider of the company",
    "invitations": "invitations that the person sent or received",
    "password_resets": "links for a new password",
    "tv_links": "links of TV screens that the person made",
}


def readme(subject: Subject, rows: Mapping[str, int], now: datetime) -> str:
    """The subject of the export, the meaning of each file inside, and data that is not in it."""
    kind = "user" if subject.is_user else "customer"
    listed = "\n".join(_line(table, count) for table, count in sorted(rows.items()))
    return f"""Data about the {kind} {subject.title}
Made by Doorbell on {now:%Y-%m-%d %H:%M} UTC.

Each .json file is a list with one row per line, encoded in UTF-8. Times are in UTC. Values that are
marked "(secret)" are keys and hashes of passwords. "(another person)" stands for the name of another person.

{listed or "Nothing is stored."}

Not in this file: backups of the database, log files, and what was already sent to webhooks, message
brokers, mail and push services. Ask the company that gave you this file about them.
"""


def _line(table: str, count: int) -> str:
    name = "uploaded_files/" if table == "uploaded files" else f"{table}.json"
    return f"{name:<32} {count:>8}  {MEANINGS.get(table, '')}".rstrip()
