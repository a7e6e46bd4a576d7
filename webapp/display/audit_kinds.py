"""The kinds of the audit log in words, by topic, as the filter of the page lists them."""

from __future__ import annotations

from ..audit.kinds import Kind
from ..language import lazy_gettext as _

TOPICS = {
    _("Sign-in"): {
        Kind.SIGN_IN: _("Signed in"),
        Kind.SSO_SIGN_IN: _("Signed in with single sign-on"),
        Kind.SIGN_IN_FAILED: _("Sign-in failed"),
        Kind.SIGN_IN_REFUSED: _("Sign-in refused"),
        Kind.SIGN_OUT: _("Signed out"),
        Kind.SESSIONS_ENDED: _("Sessions ended"),
        Kind.PASSWORD_CHANGED: _("Password changed"),
        Kind.PASSWORD_RESET_REQUESTED: _("Password reset requested"),
        Kind.SECOND_FACTOR_ON: _("Second factor turned on"),
        Kind.SECOND_FACTOR_OFF: _("Second factor turned off"),
        Kind.SECOND_FACTOR_FAILED: _("Second factor failed"),
        Kind.SECOND_FACTOR_CODES_RENEWED: _("Recovery codes renewed"),
        Kind.SECOND_FACTOR_RULE_CHANGED: _("Second factor rule changed"),
        Kind.PASSKEY_ADDED: _("Passkey added"),
        Kind.PASSKEY_REMOVED: _("Passkey removed"),
        Kind.SSO_CHANGED: _("Single sign-on changed"),
    },
    _("Users"): {
        Kind.USER_CREATED: _("User created"),
        Kind.USER_INVITED: _("User invited"),
        Kind.INVITATION_REVOKED: _("Invitation revoked"),
        Kind.INVITATION_ACCEPTED: _("Invitation accepted"),
        Kind.USER_RENAMED: _("User renamed"),
        Kind.USER_DISABLED: _("User disabled"),
        Kind.USER_ENABLED: _("User enabled"),
        Kind.ROLE_CHANGED: _("Role changed"),
    },
    _("Settings"): {
        Kind.SETTINGS_CHANGED: _("Settings changed"),
        Kind.TENANT_CREATED: _("Company created"),
        Kind.TARGET_CHANGED: _("Targets changed"),
        Kind.HOLIDAY_CHANGED: _("Holiday changed"),
        Kind.TV_LINK_CREATED: _("TV created"),
        Kind.TV_LINK_CHANGED: _("TV changed"),
        Kind.TV_LINK_RENEWED: _("TV address renewed"),
        Kind.TV_LINK_REVOKED: _("TV revoked"),
    },
    _("Data"): {
        Kind.EXPORT: _("File downloaded"),
        Kind.IMPORT_UPLOADED: _("Import file uploaded"),
        Kind.IMPORT_STARTED: _("Import started"),
        Kind.IMPORT_PLACED: _("Orders imported"),
        Kind.IMPORT_CANCELLED: _("Import cancelled"),
        Kind.IMPORT_REMOVED: _("Import file deleted"),
        Kind.ATTACH: _("Table attached"),
        Kind.DETACH: _("Table detached"),
    },
    _("Orders"): {
        Kind.ORDER_REFUNDED: _("Order refunded"),
        Kind.PAYMENT_CORRECTED: _("Payment corrected"),
        Kind.SHIPMENT_CORRECTED: _("Shipment corrected"),
    },
    _("Relay"): {Kind.RELAY_VERB: _("Destination changed")},
    _("Privacy"): {
        Kind.PRIVACY_EXPORT: _("Personal data exported"),
        Kind.PRIVACY_ERASURE: _("Personal data erased"),
        Kind.TENANT_DELETED: _("Company deleted"),
        Kind.RETENTION_CHANGED: _("Retention changed"),
        Kind.ORDERS_REMOVED: _("Old orders removed"),
        Kind.AUDIT_LOG_REMOVED: _("Old audit log entries removed"),
    },
}
LABELS = {kind: label for kinds in TOPICS.values() for kind, label in kinds.items()}
