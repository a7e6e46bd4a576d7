"""The kinds of entries. Each has a sentence in display/audit_texts.py and an action in tests/audit/actions.py."""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """The action of an entry. The value is stored, so it never changes."""

    SIGN_IN = "sign_in"
    SIGN_IN_FAILED = "sign_in_failed"
    SIGN_IN_REFUSED = "sign_in_refused"
    SIGN_OUT = "sign_out"
    SESSIONS_ENDED = "sessions_ended"

    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - a kind
    PASSWORD_RESET_REQUESTED = "password_reset_requested"  # noqa: S105 - a kind
    SECOND_FACTOR_ON = "second_factor_on"
    SECOND_FACTOR_OFF = "second_factor_off"
    SECOND_FACTOR_FAILED = "second_factor_failed"
    SECOND_FACTOR_CODES_RENEWED = "second_factor_codes_renewed"
    SECOND_FACTOR_RULE_CHANGED = "second_factor_rule_changed"
    PASSKEY_ADDED = "passkey_added"
    PASSKEY_REMOVED = "passkey_removed"
    SSO_CHANGED = "sso_changed"
    SSO_SIGN_IN = "sso_sign_in"

    USER_CREATED = "user_created"
    USER_INVITED = "user_invited"
    INVITATION_REVOKED = "invitation_revoked"
    INVITATION_ACCEPTED = "invitation_accepted"
    USER_RENAMED = "user_renamed"
    USER_DISABLED = "user_disabled"
    USER_ENABLED = "user_enabled"
    ROLE_CHANGED = "role_changed"

    SETTINGS_CHANGED = "settings_changed"
    TENANT_CREATED = "tenant_created"
    TARGET_CHANGED = "target_changed"
    HOLIDAY_CHANGED = "holiday_changed"
    TV_LINK_CREATED = "tv_link_created"
    TV_LINK_CHANGED = "tv_link_changed"
    TV_LINK_RENEWED = "tv_link_renewed"
    TV_LINK_REVOKED = "tv_link_revoked"

    EXPORT = "export"
    IMPORT_UPLOADED = "import_uploaded"
    IMPORT_STARTED = "import_started"
    IMPORT_CANCELLED = "import_cancelled"
    IMPORT_REMOVED = "import_removed"
    IMPORT_PLACED = "import_placed"
    ATTACH = "attach"
    DETACH = "detach"

    ORDER_REFUNDED = "order_refunded"
    PAYMENT_CORRECTED = "payment_corrected"
    SHIPMENT_CORRECTED = "shipment_corrected"

    RELAY_VERB = "relay_verb"

    PRIVACY_EXPORT = "privacy_export"
    PRIVACY_ERASURE = "privacy_erasure"
    TENANT_DELETED = "tenant_deleted"
    RETENTION_CHANGED = "retention_changed"
    ORDERS_REMOVED = "orders_removed"
    # Written by SQL, in audit_log_remove_months().
    AUDIT_LOG_REMOVED = "audit_log_removed"
