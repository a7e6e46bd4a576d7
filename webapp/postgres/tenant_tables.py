"""Every table of the schema: the rows of it that a web process may see, or why it has no rows of tenants.

tests/postgres/test_tenancy_tables.py compares both lists with the database, so a new table is in one of them.
"""

from __future__ import annotations

# Not a subquery, because PostgreSQL would plan one per table and statement. A statement that names its tenant compares the two
# once per scan, not per row.
_TENANT = "nullif(current_setting('doorbell.tenant', true), '')::bigint"
_OWN = f"tenant_id = {_TENANT}"
# A row without a tenant is of all tenants. Managers see it while theirs is the only one.
_OWN_OR_ALL = f"({_OWN} OR tenant_id IS NULL AND (SELECT tenancy_is_only({_TENANT})))"


def _of(parent: str, key: str) -> str:
    """Rows of a table without a tenant of its own: those whose parent the policy of `parent` shows."""
    return f"EXISTS (SELECT FROM {parent} AS parent WHERE parent.id = {key})"


# The condition of the policy `tenant_<role>` by table.
TENANT_TABLES: dict[str, str] = {
    "answered_challenges": _OWN,
    "audit_log": _OWN,
    "authenticator_apps": _OWN,
    "invitations": _OWN,
    "passkeys": _OWN,
    "password_resets": _OWN,
    "privacy_jobs": _OWN,
    "recovery_codes": _OWN,
    "rollups_products_removed": _OWN,
    "rollups_removed": _OWN,
    "sso_connections": _OWN,
    "sso_domains": _OWN,
    "sso_identities": _OWN,
    "user_sessions": _OWN,
    "attach_problems": _of("attachments", "attachment_id"),
    "attachments": _OWN_OR_ALL,
    "holidays": _OWN,
    "notification_preferences": _OWN,
    "notifications": _OWN,
    "order_comments": _OWN,
    "order_events": _OWN,
    "order_lines": _OWN,
    "orders": _OWN,
    "push_subscriptions": _OWN,
    "quiet_hours": _OWN,
    "relay_audit": _OWN_OR_ALL,
    "relay_destinations": _OWN_OR_ALL,
    "relay_held_events": _OWN,
    "relay_receipts": _of("relay_destinations", "destination_id"),
    "relay_replays": _of("relay_destinations", "destination_id"),
    "rollup_rebuilds": _OWN,
    "rollups_daily": _OWN,
    "rollups_hourly": _OWN,
    "rollups_line_changes": _OWN,
    "rollups_products_daily": _OWN,
    "rollups_products_hourly": _OWN,
    "sales_targets": _OWN,
    "tenants": f"id = {_TENANT}",
    "to_ship_samples": _OWN,
    "tv_links": _OWN,
    "upload_chunks": _OWN,
    "uploads": _OWN,
    "users": _OWN,
    "webhook_attempts": _of("webhook_deliveries", "delivery_id"),
    "webhook_deliveries": _OWN,
}

# The condition of new rows, where it differs from that of the rows that are seen.
NEW_ROWS: dict[str, str] = {
    # A failed sign-in with an unknown e-mail is of no tenant.
    "audit_log": f"({_OWN} OR tenant_id IS NULL)",
}

# Tables without rows of tenants, and why.
OTHER_TABLES: dict[str, str] = {
    "audit_log_cursor": "how far the audit log is written to the log: one row",
    "alembic_version": "the number of the newest migration",
    "ended_sessions": "random ids of sessions that signed out, without a user",
    "outbox_readers": "a cursor per reader of the outbox, each over the events of all tenants",
}
# The partitions of order_events. No role has rights on them, so each statement goes through the table and its policy.
PARTITIONS = "order_events_"
