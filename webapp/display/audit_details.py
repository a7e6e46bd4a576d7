"""Values of the audit log in words: ways of signing in, reasons, files, verbs of the relay, and changed settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..accounts.role_names import role_name
from ..audit.kinds import Kind
from ..language import gettext as _
from ..language import lazy_gettext
from ..queries.audit_log import FoundEntry
from .filters import number_text

_WAYS = {
    "password": lazy_gettext("Signed in with a password"),
    "password and code": lazy_gettext("Signed in with a password and a code"),
    "password and recovery code": lazy_gettext("Signed in with a password and a recovery code"),
    "password and passkey": lazy_gettext("Signed in with a password and a passkey"),
    "passkey": lazy_gettext("Signed in with a passkey"),
    "invitation": lazy_gettext("Signed in by accepting an invitation"),
    "demo": lazy_gettext("Signed in with the link of the demo"),
}
_REASONS = {
    "unknown e-mail": lazy_gettext("there is no such user"),
    "no password set": lazy_gettext("the user has no password"),
    "wrong password": lazy_gettext("wrong password"),
    "disabled": lazy_gettext("the user is disabled"),
}
_FILES = {
    "orders": lazy_gettext("Downloaded orders"),
    "order_lines": lazy_gettext("Downloaded orders with their items"),
    "figures": lazy_gettext("Downloaded the figures of a day"),
    "history": lazy_gettext("Downloaded the history"),
    "rejected_rows": lazy_gettext("Downloaded the rejected rows of an import"),
    "audit_log": lazy_gettext("Downloaded the audit log"),
}
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
}
_VERBS: dict[str, Callable[[str], str]] = {
    "added": lambda name: _("Added the destination %(name)s", name=name),
    "paused": lambda name: _("Paused the destination %(name)s", name=name),
    "resumed": lambda name: _("Resumed the destination %(name)s", name=name),
    "removed": lambda name: _("Removed the destination %(name)s", name=name),
    "resent": lambda name: _("Sent deliveries to %(name)s again", name=name),
    "replayed": lambda name: _("Started a replay to %(name)s", name=name),
    "cancelled replays": lambda name: _("Cancelled the replays to %(name)s", name=name),
    "rotated the secret": lambda name: _("Made a new secret for %(name)s", name=name),
    "retry": lambda name: _("Sent dead letters to %(name)s again", name=name),
    "skip": lambda name: _("Skipped dead letters of %(name)s", name=name),
}
MAX_VALUE_CHARS = 120


def way_text(way: str) -> str:
    return str(_WAYS[way]) if way in _WAYS else _("Signed in (%(way)s)", way=way)


def reason_text(reason: str) -> str:
    return str(_REASONS.get(reason, reason))


def file_text(what: str) -> str:
    return str(_FILES[what]) if what in _FILES else _("Downloaded a file: %(name)s", name=what)


def verb_text(verb: str, name: str) -> str:
    """A verb of the relay as a sentence."""
    sentence = _VERBS.get(verb)
    return sentence(name) if sentence else f"{name}: {verb}"


def change_texts(entry: FoundEntry) -> list[str]:
    """A line per changed value, and one for the filter of a file."""
    details = entry.details
    lines = [_change(name, pair) for name, pair in _pairs(details.get("changes"))]
    lines += [_change(name, pair) for name, pair in _pairs(details.get("person"))]
    if "working_days" in details:
        lines.append(_change("working_days", details["working_days"]))
    if isinstance(details.get("targets"), int):
        lines.append(_("Changed targets: %(count)s", count=number_text(details["targets"])))
    if entry.kind in _PAIRS:
        lines += [
            f"{label}: {_value(before)} → {_value(after)}" for label, before, after in _PAIRS[entry.kind](details)
        ]
    if entry.kind == Kind.USER_INVITED and details.get("role"):
        lines.append(f"{_('Role')}: {role_name(str(details['role']))}")
    if details.get("by") == "single sign-on":
        lines.append(_("Single sign-on"))
    if entry.kind == Kind.SSO_SIGN_IN and details.get("issuer"):
        lines.append(f"{_('Issuer')}: {_value(details['issuer'])}")
    if details.get("filter"):
        lines.append(_("Filter: %(filter)s", filter=details["filter"]))
    return [line for line in lines if line]


def _rule_pairs(details: Mapping[str, Any]) -> list[tuple[str, Any, Any]]:
    return [(_("Everyone must use two-step sign-in"), details.get("from"), details.get("to"))]


def _sso_pairs(details: Mapping[str, Any]) -> list[tuple[str, Any, Any]]:
    """The domain or the issuer that was added, or that is gone."""
    label, value = _("Issuer"), details.get("issuer")
    if "domain" in details:
        label, value = _("E-mail domains"), details["domain"]
    is_gone = str(details.get("what", "")).endswith("removed")
    return [(label, value, None) if is_gone else (label, None, value)]


# Of kinds whose details have no `changes`: what they changed, with the values before and after.
_PAIRS: dict[str, Callable[[Mapping[str, Any]], list[tuple[str, Any, Any]]]] = {
    Kind.SECOND_FACTOR_RULE_CHANGED: _rule_pairs,
    Kind.SSO_CHANGED: _sso_pairs,
}


def _pairs(values: Any) -> list[tuple[str, Any]]:
    return list(values.items()) if isinstance(values, dict) else []


def _change(name: str, pair: Any) -> str:
    label = str(_SETTINGS.get(name, name))
    if not isinstance(pair, list) or len(pair) != 2:
        return f"{label}: {_value(pair)}"
    return f"{label}: {_value(pair[0])} → {_value(pair[1])}"


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return _("on") if value else _("off")
    if isinstance(value, list):
        return ", ".join(map(str, value))[:MAX_VALUE_CHARS] or "–"
    return "–" if value in (None, "") else str(value)[:MAX_VALUE_CHARS]
