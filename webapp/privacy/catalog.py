"""The personal data that each text, JSON and byte column may hold. tests/privacy/ refuses a column that is not listed.

A column that is not listed, of a later version or another program, is treated as FREE: it is exported and erased.
"""

from __future__ import annotations

from enum import Enum


class Holds(Enum):
    """The possible contents of a column."""

    # Texts in which any name may stand. A bytea is a JSON document in UTF-8.
    FREE = "free"
    # Names of customers and products. A user of the same name is another person.
    CUSTOMER = "customer"
    # Words of the program, and names that a company gives to its own things.
    FIXED = "fixed"
    # Keys, hashes and encrypted values: never exported, deleted with their row.
    SECRET = "secret"  # noqa: S105 - a kind
    # A step of the erasure of its own handles it.
    OWN = "own"


# By table: the columns of each kind. The step of an OWN column is in its comment.
_COLUMNS: dict[str, dict[Holds, str]] = {
    "answered_challenges": {Holds.SECRET: "challenge_hash"},
    "attach_problems": {Holds.FREE: "external_id reason", Holds.FIXED: "code"},
    "attachments": {Holds.FREE: "created_by fault", Holds.FIXED: "name mapping state last_key"},
    # audit_log_erase_person() and audit_entries.py: an entry keeps what was done, and loses by and to whom.
    "audit_log": {
        Holds.OWN: "actor_name subject subject_key address session browser details",
        Holds.FIXED: "kind origin",
    },
    "authenticator_apps": {Holds.SECRET: "secret"},
    "holidays": {Holds.FREE: "name"},
    "invitations": {Holds.FREE: "email name", Holds.FIXED: "role", Holds.SECRET: "token_hash"},
    "notification_preferences": {Holds.FIXED: "kind"},
    "notifications": {Holds.FREE: "error", Holds.FIXED: "type destination"},
    "order_comments": {Holds.FREE: "written"},
    "order_events": {Holds.FREE: "old_values new_values via written_by", Holds.FIXED: "type"},
    "order_lines": {Holds.CUSTOMER: "sku product"},
    "orders": {Holds.FREE: "number source external_id", Holds.CUSTOMER: "customer", Holds.FIXED: "currency status"},
    "outbox_readers": {Holds.FIXED: "name redis_run_id"},
    "password_resets": {Holds.SECRET: "token_hash"},
    "passkeys": {Holds.FREE: "name", Holds.SECRET: "credential_id public_key", Holds.FIXED: "transports"},
    # jobs.finish(): the names are needed until the erasure is done.
    "privacy_jobs": {
        Holds.OWN: "subject names pattern",
        Holds.FREE: "problem",
        Holds.FIXED: "kind pseudonym state position counts",
    },
    "push_subscriptions": {Holds.SECRET: "endpoint p256dh auth", Holds.FIXED: "base_path"},
    "recovery_codes": {Holds.SECRET: "code_hash"},
    "relay_audit": {Holds.FREE: "actor details", Holds.FIXED: "destination verb"},
    "relay_destinations": {
        Holds.FREE: "state_reason last_error",
        Holds.FIXED: "name kind url types state holder",
        Holds.SECRET: "secrets",
    },
    "relay_held_events": {Holds.FREE: "event reason", Holds.FIXED: "requested"},
    "relay_receipts": {Holds.FIXED: "positions"},
    "relay_replays": {Holds.FREE: "requested_by", Holds.FIXED: "types state"},
    "rollup_rebuilds": {Holds.FREE: "problem"},
    # products.rename(): products are keys of these tables, and their rows are added.
    "rollups_products_daily": {Holds.OWN: "product"},
    "rollups_products_hourly": {Holds.OWN: "product"},
    "rollups_products_removed": {Holds.OWN: "product"},
    "sales_targets": {Holds.FIXED: "period"},
    "sso_connections": {
        Holds.FREE: "button_text rules",
        Holds.FIXED: "issuer client_id default_role",
        Holds.SECRET: "client_secret",
    },
    "sso_domains": {Holds.FIXED: "domain"},
    "sso_identities": {Holds.FREE: "subject name email", Holds.FIXED: "issuer"},
    "tenants": {Holds.FIXED: "slug name timezone currency locale"},
    "tv_links": {Holds.FREE: "name", Holds.FIXED: "screens theme language", Holds.SECRET: "token_hash"},
    # files.erase(): a file with the name is removed.
    "upload_chunks": {Holds.OWN: "content", Holds.FIXED: "kind"},
    "uploads": {Holds.FREE: "name uploaded_by options result problem", Holds.FIXED: "state phase"},
    # people.erase(): the row of a user is blanked, others are other people's.
    "user_sessions": {Holds.FREE: "browser", Holds.FIXED: "method address"},
    "users": {Holds.OWN: "email name", Holds.FIXED: "role language theme", Holds.SECRET: "password_hash"},
    "webhook_attempts": {Holds.FREE: "error answer"},
    "webhook_deliveries": {Holds.FREE: "body reason", Holds.FIXED: "type message_id state"},
}

CATALOG: dict[str, dict[str, Holds]] = {
    table: {column: holds for holds, columns in kinds.items() for column in columns.split()}
    for table, kinds in _COLUMNS.items()
}

# Columns with the id of a user, where no foreign key shows it.
USER_COLUMNS = frozenset(
    {"user_id", "owner_id", "actor_id", "claimed_actor_id", "subject_id", "created_by", "requested_by", "invited_by"}
)

# Tables without tenant_id whose rows belong to a row of another table.
PARENTS = {
    "attach_problems": ("attachment_id", "attachments"),
    "relay_receipts": ("destination_id", "relay_destinations"),
    "webhook_attempts": ("delivery_id", "webhook_deliveries"),
}

# Sums and positions, of which no row is about one person or one order.
NOT_EXPORTED = frozenset(
    {
        *("outbox_readers", "audit_log_cursor", "relay_receipts", "rollups_line_changes", "rollups_hourly"),
        *("rollups_products_daily", "rollups_products_hourly", "rollups_products_removed", "rollups_removed"),
        *("upload_chunks", "privacy_jobs", "alembic_version"),
    }
)
