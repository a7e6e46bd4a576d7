"""The changes of an entry of the audit log, in lines: a setting with its values before and after, a role, a rule."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from babel import UnknownLocaleError
from babel.dates import get_day_names

from ..accounts.current import current_locale
from ..accounts.role_names import role_name
from ..audit.kinds import Kind
from ..language import gettext as _
from ..language import lazy_gettext, locales, ngettext
from ..queries.audit_log import FoundEntry
from .audit_filters import filter_text
from .filters import datetime_text, number_text
from .zones import locale_name

_SETTINGS = {
    "name": lazy_gettext("Name"),
    "email": lazy_gettext("E-mail"),
    "timezone": lazy_gettext("Time zone"),
    "locale": lazy_gettext("Format"),
    "currency": lazy_gettext("Currency"),
    "shows_ranking": lazy_gettext("Ranking on the board"),
    "team_visible": lazy_gettext("Salespeople see the whole team"),
    "language": lazy_gettext("Language"),
    "working_days": lazy_gettext("Working days"),
    "passkey": lazy_gettext("Passkey"),
    "second_factor": lazy_gettext("Everyone must use two-step sign-in"),
    "domain": lazy_gettext("E-mail domains"),
    "issuer": lazy_gettext("Issuer"),
    "client_id": lazy_gettext("Client ID"),
    "client_secret": lazy_gettext("Client secret"),
    "rules": lazy_gettext("Roles by claims"),
    "default_role": lazy_gettext("Everyone else"),
    "passwords_off": lazy_gettext("Turn off passwords"),
    "button_text": lazy_gettext("Button"),
}
MAX_VALUE_CHARS = 120


def change_texts(entry: FoundEntry) -> list[str]:
    """A line per changed value, and one for the filter of a file."""
    details = entry.details
    lines = [_change(name, pair) for name, pair in _pairs(details.get("changes"))]
    lines += [_change(name, pair) for name, pair in _pairs(details.get("person"))]
    lines += _kind_lines(entry.kind, details)
    if details.get("by") == "single sign-on":
        lines.append(_("Single sign-on"))
    if details.get("filter"):
        lines.append(_("Filter: %(filter)s", filter=filter_text(str(details["filter"]))))
    return [line for line in lines if line]


def _kind_lines(kind: str, details: Mapping[str, Any]) -> list[str]:
    """The lines of a kind whose details have no `changes`."""
    make = _LINES.get(kind)
    return make(details) if make else []


def _rule_lines(details: Mapping[str, Any]) -> list[str]:
    return [_change("second_factor", [details.get("from"), details.get("to")])]


def _sso_lines(details: Mapping[str, Any]) -> list[str]:
    """The domain or the issuer that was added, or that is gone; of saved settings those that differ from before."""
    what = str(details.get("what", ""))
    if "domain" in details:
        pair = [details["domain"], None] if what.endswith("removed") else [None, details["domain"]]
        return [_change("domain", pair)]
    issuer = details.get("issuer")
    if what != "saved":
        return [_change("issuer", [issuer, None])]
    names = details.get("changed", ["issuer"])
    others = ", ".join(str(_SETTINGS.get(name, name)) for name in names if name != "issuer")
    return ([_change("issuer", issuer)] if "issuer" in names else []) + ([others] if others else [])


def _issuer_lines(details: Mapping[str, Any]) -> list[str]:
    return [_change("issuer", details["issuer"])] if details.get("issuer") else []


def _retention_lines(details: Mapping[str, Any]) -> list[str]:
    months = details.get("months")
    if not isinstance(months, int):
        return [_("Orders are kept for ever.")]
    rule = ngettext(
        "Orders are removed %(num)s month after their last change.",
        "Orders are removed %(num)s months after their last change.",
        months,
    )
    if details.get("open_orders") == "kept":
        return [rule, _("Orders that are not paid or not shipped stay.")]
    return [rule, _("Orders that are not paid or not shipped are removed too.")]


def _deletion_lines(details: Mapping[str, Any]) -> list[str]:
    """The company's deletion, which is scheduled or undone."""
    if "deletion" not in details:
        return []
    try:
        moment = datetime_text(datetime.fromisoformat(str(details["deletion"])))
    except ValueError:
        return [_("The company is kept. Everyone can sign in again.")]
    return [
        _("This company will be deleted."),
        _("All of its data is deleted on %(moment)s. Until then only admins can sign in.", moment=moment),
    ]


def _role_lines(details: Mapping[str, Any]) -> list[str]:
    return [f"{_('Role')}: {role_name(str(details['role']))}"] if details.get("role") else []


def _target_lines(details: Mapping[str, Any]) -> list[str]:
    lines = [_change("working_days", details["working_days"])] if "working_days" in details else []
    if isinstance(details.get("targets"), int):
        lines.append(_("Changed targets: %(count)s", count=number_text(details["targets"])))
    return lines


_LINES: dict[str, Callable[[Mapping[str, Any]], list[str]]] = {
    Kind.SECOND_FACTOR_RULE_CHANGED: _rule_lines,
    Kind.SSO_CHANGED: _sso_lines,
    Kind.SSO_SIGN_IN: _issuer_lines,
    Kind.RETENTION_CHANGED: _retention_lines,
    Kind.SETTINGS_CHANGED: _deletion_lines,
    Kind.TARGET_CHANGED: _target_lines,
    Kind.USER_CREATED: _role_lines,
    Kind.USER_INVITED: _role_lines,
    Kind.INVITATION_ACCEPTED: _role_lines,
}


def _pairs(values: Any) -> list[tuple[str, Any]]:
    return list(values.items()) if isinstance(values, dict) else []


def _change(name: str, pair: Any) -> str:
    label = str(_SETTINGS.get(name, name))
    if not isinstance(pair, list) or len(pair) != 2:
        return f"{label}: {_value(name, pair)}"
    return f"{label}: {_value(name, pair[0])} → {_value(name, pair[1])}"


def _value(name: str, value: Any) -> str:
    special = _VALUES.get(name)
    return special(value) if special else _plain(value)


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return _("on") if value else _("off")
    if isinstance(value, list):
        return ", ".join(map(str, value))[:MAX_VALUE_CHARS] or "–"
    return "–" if value in (None, "") else str(value)[:MAX_VALUE_CHARS]


def _language(code: Any) -> str:
    return _("As the browser") if code is None else locales.NAMES.get(str(code), str(code))


def _locale(identifier: Any) -> str:
    try:
        return locale_name(str(identifier), current_locale())
    except (ValueError, UnknownLocaleError):
        return _plain(identifier)


def _weekdays(numbers: Any) -> str:
    """Names of ISO weekdays: 1 is Monday."""
    names = get_day_names("abbreviated", locale=current_locale())
    days = [number for number in numbers if number in range(1, 8)] if isinstance(numbers, list) else []
    return ", ".join(str(names[number - 1]) for number in days) or "–"


_VALUES: dict[str, Callable[[Any], str]] = {"language": _language, "locale": _locale, "working_days": _weekdays}
