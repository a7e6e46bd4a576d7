"""The rights of Doorbell's processes in the database: what each role may do with which table, and which functions it calls.

A role without a row of its own for a table has no right on it. The owner, whose role runs `flask db upgrade` and the other
`flask` commands, has all rights.
"""

from __future__ import annotations

from typing import NamedTuple

from .tenant_tables import TENANT_TABLES

READ, ADD, CHANGE, REMOVE = "SELECT", "INSERT", "UPDATE", "DELETE"
ALL = (READ, ADD, CHANGE, REMOVE)

# A role with a right to choose ids could use those that the sequence gives next.
_ORDER = (
    "tenant_id, number, customer, owner_id, currency, total_minor, refunded_minor, placed_at, paid_at, shipped_at, "
    "cancelled_at, refunded_at, source, external_id, idempotency_key, updated_at"
)
_EVENT = "tenant_id, order_id, type, owner_id, actor_id, via, new_values, occurred_at"
# After a restore, events and notifications may have ids of transactions that the cluster has not reached (outbox/cursor.py).
_XID = "UPDATE (xid)"
# An erasure searches texts for a name. The columns that follow these are no secrets.
_ROW = "tableoid, ctid, xmin, tenant_id"
_JOB = (
    "state, position, pages_done, pages_total, counts, attempts, fence, lease_until, problem, due_at, started_at, "
    "finished_at"
)


class Rights(NamedTuple):
    """`tables`: rights by table, as GRANT writes them. `makes_temporary` tables: for files of orders."""

    tables: dict[str, tuple[str, ...]]
    functions: tuple[str, ...]
    makes_temporary: bool = False


# Keys, hashes and identities with which people sign in. The worker has the key of those that are encrypted, and reads only the
# columns in which an erasure searches for a name.
_OF_SIGN_IN = frozenset({"answered_challenges", "authenticator_apps", "invitations", "passkeys", "recovery_codes"})
_OF_SIGN_IN |= {"sso_connections", "sso_domains", "sso_identities", "tv_links"}


def _reads(*tables: str) -> dict[str, tuple[str, ...]]:
    return dict.fromkeys(tables, (READ,))


WEB = Rights(
    _reads(*TENANT_TABLES, "ended_sessions", "outbox_readers")
    | {
        "answered_challenges": (READ, ADD, REMOVE),
        "attachments": (READ, CHANGE),
        "audit_log": (READ, ADD),
        "authenticator_apps": ALL,
        "ended_sessions": (READ, ADD),
        "holidays": (READ, ADD, REMOVE),
        "invitations": ALL,
        "notification_preferences": ALL,
        "notifications": (READ, ADD, CHANGE, REMOVE),
        "order_comments": (READ, ADD, REMOVE),
        "order_events": (READ, f"INSERT ({_EVENT})"),
        "order_lines": (READ, ADD),
        "orders": (READ, f"INSERT ({_ORDER})", f"UPDATE ({_ORDER})"),
        "outbox_readers": ALL,
        "passkeys": ALL,
        "password_resets": (READ, ADD, CHANGE, REMOVE),
        "privacy_jobs": (READ, ADD, CHANGE),
        "push_subscriptions": ALL,
        "recovery_codes": ALL,
        "quiet_hours": ALL,
        "relay_audit": (READ, ADD),
        "relay_destinations": ALL,
        "relay_held_events": (READ, CHANGE, REMOVE),
        "relay_replays": (READ, ADD, CHANGE),
        "rollup_rebuilds": (READ, ADD, CHANGE),
        "sales_targets": (READ, ADD, REMOVE),
        "sso_connections": ALL,
        "sso_identities": ALL,
        "tenants": (READ, CHANGE),
        "tv_links": ALL,
        "user_sessions": ALL,
        "upload_chunks": ALL,
        "uploads": ALL,
        "users": (READ, ADD, CHANGE),
        "webhook_deliveries": (READ, ADD, CHANGE),
    },
    (
        "doorbell_actor",
        "order_events_partitions",
        "order_search",
        "orders_of_customer",
        "outbox_reader_is_valid",
        "relay_receipts_of_events",
        "retention_cutoff",
        "tenancy_account_of_email",
        "tenancy_has_sso",
        "tenancy_idle_sessions",
        "tenancy_is_only",
        "tenancy_of_email",
        "tenancy_of_invitation",
        "tenancy_of_passkey",
        "tenancy_of_password_reset",
        "tenancy_of_slug",
        "tenancy_of_sso_domain",
        "tenancy_of_tv_link",
        "tenancy_of_user",
        "tenancy_only_sso",
        "tenancy_other_program",
        "tenancy_see_sessions",
        "tenancy_slug_of_sso_domain",
        "tenancy_user_of_email",
        "tenancy_write_sessions",
        "tenancy_relay_is_late",
        "tenancy_release_push_endpoint",
        "tenancy_revoked_tv_links",
        "tenancy_session_tenants",
        "tenancy_session_users",
        "tenancy_standings",
        "tenancy_valid_tv_links",
    ),
    makes_temporary=True,
)
LISTENER = Rights(
    {
        "notifications": ("SELECT (xid)", _XID),
        "order_events": (READ, _XID),
        "outbox_readers": (READ, ADD, CHANGE),
        "relay_destinations": (READ,),
        "tenants": ("SELECT (id, timezone)",),
        "users": ("SELECT (id, tenant_id, role, disabled_at)",),
    },
    ("doorbell_actor", "outbox_reader_is_valid", "tenancy_other_program"),
)
WORKER = Rights(
    _reads(*(TENANT_TABLES.keys() - _OF_SIGN_IN), "ended_sessions", "outbox_readers")
    | {
        "attach_problems": ALL,
        "audit_log": (READ, ADD),
        "audit_log_cursor": (READ, CHANGE),
        "attachments": (READ, CHANGE),
        "ended_sessions": (READ, ADD, REMOVE),
        "invitations": (f"SELECT ({_ROW}, email, name)",),
        "notifications": (READ, ADD, CHANGE, REMOVE),
        "order_events": (READ, _XID),
        "order_lines": ALL,
        "orders": (READ, f"INSERT ({_ORDER})", f"UPDATE ({_ORDER})", REMOVE),
        "outbox_readers": ALL,
        "passkeys": (f"SELECT ({_ROW}, name)",),
        "password_resets": (READ, REMOVE),
        # Only an admin requests an erasure or a deletion. The worker keeps their progress.
        "privacy_jobs": (READ, f"UPDATE ({_JOB})"),
        "push_subscriptions": (READ, CHANGE, REMOVE),
        "relay_audit": (READ, ADD, REMOVE),
        "relay_destinations": (READ, CHANGE),
        "relay_held_events": ALL,
        "relay_receipts": ALL,
        "relay_replays": ALL,
        "rollup_rebuilds": (READ, CHANGE),
        "rollups_daily": ALL,
        "rollups_hourly": ALL,
        "rollups_line_changes": ALL,
        "rollups_products_daily": ALL,
        "rollups_products_hourly": ALL,
        "rollups_products_removed": ALL,
        "rollups_removed": ALL,
        "sso_connections": (f"SELECT ({_ROW}, button_text, rules)",),
        "sso_identities": (f"SELECT ({_ROW}, subject, name, email)",),
        "tenants": (READ, "UPDATE (next_number)"),
        "to_ship_samples": ALL,
        "tv_links": (f"SELECT ({_ROW}, name)",),
        "upload_chunks": ALL,
        "uploads": (READ, CHANGE, REMOVE),
        "user_sessions": (READ, REMOVE),
        # An import may make salespeople, who have the default of `role`. The worker makes no other users.
        "users": (
            "SELECT (id, tenant_id, email, name, role, disabled_at, sessions_from, language)",
            "INSERT (tenant_id, email, name)",
        ),
        "webhook_attempts": ALL,
        "webhook_deliveries": ALL,
        "order_events_default": (READ,),
    },
    (
        "attach_problem",
        "audit_log_remove_months",
        "doorbell_actor",
        "order_events_delete_old",
        "order_events_drop_partition",
        "order_events_make_partitions",
        "order_events_partitions",
        "order_events_unread_reason",
        "outbox_reader_is_valid",
        "privacy_close_tenant",
        "privacy_delete_page",
        "privacy_delete_tenant",
        "privacy_erase_entries",
        "privacy_erase_user_rows",
        "privacy_finish",
        "privacy_remove_orders",
        "privacy_replace",
        "retention_cutoff",
        "tenancy_other_program",
    ),
    makes_temporary=True,
)
# Those that some process calls, beside the owner.
FUNCTIONS = frozenset((*WEB.functions, *LISTENER.functions, *WORKER.functions))
