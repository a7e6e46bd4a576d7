"""The tables. migrations/schema.sql has the triggers and functions too; a test holds models and migrations equal.

Every key of a tenant's table begins with `tenant_id`, so that no query can omit it.
"""

from .attachment import AttachedTable, AttachProblem
from .audit_log import AUDIT_ADDRESS_MAX_CHARS, AUDIT_BROWSER_MAX_CHARS, AuditLogCursor, AuditLogEntry
from .columns import TEXT_MAX_CHARS
from .comment import COMMENT_MAX_CHARS, OrderComment
from .event import OrderEvent
from .invitation import Invitation
from .notification import Notification
from .notification_preference import NotificationPreference, QuietHours
from .order import ORDER_TIMES, SOURCE_MAX_CHARS, STATUS_SQL, STATUSES, Order, OrderLine
from .outbox_reader import OutboxReader
from .privacy import PRIVACY_KINDS, PRIVACY_STATES, PrivacyJob, RemovedProductRollup, RemovedRollup
from .push_subscription import PushSubscription
from .relay import RelayAuditEntry, RelayDestination, RelayHeldEvent, RelayReceipt, RelayReplay
from .rollup import DailyProductRollup, DailyRollup, HourlyProductRollup, HourlyRollup, LineChange, RollupRebuild
from .second_factor import PASSKEY_NAME_MAX_CHARS, AnsweredChallenge, AuthenticatorApp, Passkey, RecoveryCode
from .sso import BUTTON_MAX_CHARS, SUBJECT_MAX_CHARS, SsoConnection, SsoDomain, SsoIdentity
from .target import HOLIDAY_MAX_CHARS, PERIODS, Holiday, SalesTarget, ToShipSample
from .tenant import EMAIL_MAX_CHARS, ROLES, SETTING_MAX_CHARS, THEMES, EndedSession, Tenant, User
from .tv_link import TV_NAME_MAX_CHARS, TV_SECONDS, TV_THEMES, TvLink
from .upload import CHUNK_KINDS, UPLOAD_NAME_MAX_CHARS, UPLOAD_STATES, UploadChunk, UploadedFile
from .user_session import SESSION_METHOD_MAX_CHARS, SESSION_TEXT_MAX_CHARS, PasswordReset, UserSession
from .webhook import WebhookAttempt, WebhookDelivery

__all__ = [
    "AUDIT_ADDRESS_MAX_CHARS",
    "AUDIT_BROWSER_MAX_CHARS",
    "BUTTON_MAX_CHARS",
    "CHUNK_KINDS",
    "COMMENT_MAX_CHARS",
    "EMAIL_MAX_CHARS",
    "HOLIDAY_MAX_CHARS",
    "ORDER_TIMES",
    "PASSKEY_NAME_MAX_CHARS",
    "PERIODS",
    "PRIVACY_KINDS",
    "PRIVACY_STATES",
    "ROLES",
    "SESSION_METHOD_MAX_CHARS",
    "SESSION_TEXT_MAX_CHARS",
    "SETTING_MAX_CHARS",
    "SOURCE_MAX_CHARS",
    "STATUSES",
    "STATUS_SQL",
    "SUBJECT_MAX_CHARS",
    "TEXT_MAX_CHARS",
    "THEMES",
    "TV_NAME_MAX_CHARS",
    "TV_SECONDS",
    "TV_THEMES",
    "UPLOAD_NAME_MAX_CHARS",
    "UPLOAD_STATES",
    "AnsweredChallenge",
    "AttachProblem",
    "AttachedTable",
    "AuditLogCursor",
    "AuditLogEntry",
    "AuthenticatorApp",
    "DailyProductRollup",
    "DailyRollup",
    "EndedSession",
    "Holiday",
    "HourlyProductRollup",
    "HourlyRollup",
    "Invitation",
    "LineChange",
    "Notification",
    "NotificationPreference",
    "Order",
    "OrderComment",
    "OrderEvent",
    "OrderLine",
    "OutboxReader",
    "Passkey",
    "PasswordReset",
    "PrivacyJob",
    "PushSubscription",
    "QuietHours",
    "RecoveryCode",
    "RelayAuditEntry",
    "RelayDestination",
    "RelayHeldEvent",
    "RelayReceipt",
    "RelayReplay",
    "RemovedProductRollup",
    "RemovedRollup",
    "RollupRebuild",
    "SalesTarget",
    "SsoConnection",
    "SsoDomain",
    "SsoIdentity",
    "Tenant",
    "ToShipSample",
    "TvLink",
    "UploadChunk",
    "UploadedFile",
    "User",
    "UserSession",
    "WebhookAttempt",
    "WebhookDelivery",
]
