"""An entry of the audit log in words: by whom, what, and where from. Values come from the entry as they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from ..accounts.role_names import role_name
from ..audit.kinds import Kind
from ..language import gettext as _
from ..language import ngettext
from ..queries.audit_log import FoundEntry
from .audit_changes import change_texts
from .audit_details import file_text, verb_text, way_text
from .audit_filters import written_day_text
from .audit_kinds import LABELS
from .audit_reasons import reason_text
from .filters import money_text, number_text, on_date_text


def who_text(entry: FoundEntry) -> str:
    """The user, the program, or that no user was signed in."""
    if entry.actor_name:
        return _("Doorbell") if entry.actor_name == "Doorbell" and entry.actor_id is None else entry.actor_name
    return _("Erased user") if entry.erased_at is not None and entry.actor_id is not None else _("Not signed in")


def what_text(entry: FoundEntry) -> str:
    """One sentence. A kind that this version does not know is its own name."""
    sentence = _SENTENCES.get(entry.kind)
    if sentence is not None:
        return sentence(_subject(entry), entry.details)
    label = str(LABELS.get(Kind(entry.kind), "")) if entry.kind in set(Kind) else entry.kind
    return f"{label}: {entry.subject}" if entry.subject else label


def more_texts(entry: FoundEntry) -> list[str]:
    """Further sentences: each changed value, and the reason of a refusal."""
    return change_texts(entry)


def _subject(entry: FoundEntry) -> str:
    return entry.subject or (_("erased") if entry.erased_at is not None else _("unknown"))


Values = Mapping[str, Any]


def _count(values: Values, name: str) -> int:
    value = values.get(name)
    return value if isinstance(value, int) else 0


def _sign_in_failed(name: str, values: Values) -> str:
    reason = reason_text(str(values.get("reason", "")))
    return _("Sign-in failed for %(name)s: %(reason)s", name=name, reason=reason)


def _sign_in_refused(name: str, values: Values) -> str:
    if values.get("reason"):
        return _sign_in_failed(name, values)
    minutes = -(-_count(values, "wait_seconds") // 60)
    return ngettext(
        "Too many sign-ins for %(name)s. Refused for %(num)s minute",
        "Too many sign-ins for %(name)s. Refused for %(num)s minutes",
        minutes,
        name=name,
    )


def _role_changed(name: str, values: Values) -> str:
    before, after = role_name(str(values.get("from", ""))), role_name(str(values.get("to", "")))
    return _("Changed the role of %(name)s from %(before)s to %(after)s", name=name, before=before, after=after)


def _imported(name: str, values: Values) -> str:
    count = _count(values, "orders")
    return ngettext(
        "Imported %(count)s order from %(name)s",
        "Imported %(count)s orders from %(name)s",
        count,
        count=number_text(count),
        name=name,
    )


def _detached(name: str, values: Values) -> str:
    if values.get("keeps_orders"):
        return _("Detached the table %(name)s and kept its orders", name=name)
    return _("Detached the table %(name)s and removed its orders", name=name)


def _refunded(name: str, values: Values) -> str:
    return _("Refunded %(amount)s of order %(name)s", amount=money_text(_count(values, "amount_minor")), name=name)


def _holiday(name: str, values: Values) -> str:
    day = written_day_text(str(values.get("day", "")))
    if values.get("done") == "removed":
        return _("Removed the holiday %(name)s on %(day)s", name=name, day=day)
    return _("Added the holiday %(name)s on %(day)s", name=name, day=day)


def _erasure(name: str, values: Values) -> str:
    if values.get("state") == "requested":
        return _("Requested the erasure of personal data: %(name)s", name=name)
    return _("Erased personal data: %(name)s", name=name)


def _orders_removed(_name: str, values: Values) -> str:
    count, before = _count(values, "orders"), str(values.get("before", ""))
    try:
        # Midnight of the company.
        day = on_date_text(datetime.fromisoformat(before))
    except ValueError:
        day = before
    return ngettext(
        "Removed %(count)s order that was last changed before %(day)s",
        "Removed %(count)s orders that were last changed before %(day)s",
        count,
        count=number_text(count),
        day=day,
    )


def _log_removed(_name: str, values: Values) -> str:
    """The day is the first of a month of UTC, in which the log has its partitions."""
    count = _count(values, "entries")
    return ngettext(
        "Removed %(count)s entry from before %(day)s",
        "Removed %(count)s entries from before %(day)s",
        count,
        count=number_text(count),
        day=written_day_text(str(values.get("before", ""))[:10]),
    )


def _started(name: str, values: Values) -> str:
    if values.get("is_check"):
        return _("Started a check of %(name)s", name=name)
    return _("Started the import of %(name)s", name=name)


_SENTENCES: dict[str, Callable[[str, Values], str]] = {
    Kind.SIGN_IN: lambda _name, values: way_text(str(values.get("way", ""))),
    Kind.SIGN_IN_FAILED: _sign_in_failed,
    Kind.SIGN_IN_REFUSED: _sign_in_refused,
    Kind.SIGN_OUT: lambda _name, _values: _("Signed out"),
    Kind.SESSIONS_ENDED: lambda name, _values: _("Ended the sessions of %(name)s", name=name),
    Kind.PASSWORD_CHANGED: lambda name, _values: _("Changed the password of %(name)s", name=name),
    Kind.PASSWORD_RESET_REQUESTED: lambda name, _values: _("Requested a new password for %(name)s", name=name),
    Kind.USER_CREATED: lambda name, _values: _("Created the user %(name)s", name=name),
    Kind.USER_INVITED: lambda name, _values: _("Invited %(name)s", name=name),
    Kind.USER_RENAMED: lambda name, _values: _("Renamed the user %(name)s", name=name),
    Kind.USER_DISABLED: lambda name, _values: _("Disabled the user %(name)s", name=name),
    Kind.USER_ENABLED: lambda name, _values: _("Enabled the user %(name)s", name=name),
    Kind.ROLE_CHANGED: _role_changed,
    Kind.TENANT_CREATED: lambda name, _values: _("Created the company %(name)s", name=name),
    Kind.HOLIDAY_CHANGED: _holiday,
    Kind.TV_LINK_CREATED: lambda name, _values: _("Created the TV %(name)s", name=name),
    Kind.TV_LINK_CHANGED: lambda name, _values: _("Changed the TV %(name)s", name=name),
    Kind.TV_LINK_RENEWED: lambda name, _values: _("Made a new address for the TV %(name)s", name=name),
    Kind.TV_LINK_REVOKED: lambda name, _values: _("Revoked the TV %(name)s", name=name),
    Kind.EXPORT: lambda _name, values: file_text(str(values.get("what", ""))),
    Kind.IMPORT_UPLOADED: lambda name, _values: _("Uploaded %(name)s", name=name),
    Kind.IMPORT_STARTED: _started,
    Kind.IMPORT_PLACED: _imported,
    Kind.IMPORT_CANCELLED: lambda name, _values: _("Cancelled the import of %(name)s", name=name),
    Kind.IMPORT_REMOVED: lambda name, _values: _("Deleted the file %(name)s", name=name),
    Kind.ATTACH: lambda name, _values: _("Attached the table %(name)s", name=name),
    Kind.DETACH: _detached,
    Kind.ORDER_REFUNDED: _refunded,
    Kind.PAYMENT_CORRECTED: lambda name, _values: _("Marked order %(name)s as not paid", name=name),
    Kind.SHIPMENT_CORRECTED: lambda name, _values: _("Marked order %(name)s as not shipped", name=name),
    Kind.RELAY_VERB: lambda name, values: verb_text(str(values.get("verb", "")), name),
    Kind.PRIVACY_ERASURE: _erasure,
    Kind.ORDERS_REMOVED: _orders_removed,
    Kind.AUDIT_LOG_REMOVED: _log_removed,
}
