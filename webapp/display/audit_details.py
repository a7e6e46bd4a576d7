"""Values of the audit log in words: ways of signing in, files, and verbs of the relay."""

from __future__ import annotations

from collections.abc import Callable

from ..language import gettext as _
from ..language import lazy_gettext

_WAYS = {
    "password": lazy_gettext("Signed in with a password"),
    "password and code": lazy_gettext("Signed in with a password and a code"),
    "password and recovery code": lazy_gettext("Signed in with a password and a recovery code"),
    "password and passkey": lazy_gettext("Signed in with a password and a passkey"),
    "passkey": lazy_gettext("Signed in with a passkey"),
    "invitation": lazy_gettext("Signed in by accepting an invitation"),
    "demo": lazy_gettext("Signed in with the link of the demo"),
}
_FILES = {
    "orders": lazy_gettext("Downloaded orders"),
    "order_lines": lazy_gettext("Downloaded orders with their items"),
    "figures": lazy_gettext("Downloaded the figures of a day"),
    "history": lazy_gettext("Downloaded the history"),
    "rejected_rows": lazy_gettext("Downloaded the rejected rows of an import"),
    "audit_log": lazy_gettext("Downloaded the audit log"),
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
    # By the relay itself, in its own log.
    "disabled": lambda name: _("Disabled the destination %(name)s", name=name),
    "skipped": lambda name: _("Skipped an event of %(name)s", name=name),
    "finished a replay": lambda name: _("Finished a replay to %(name)s", name=name),
}


def way_text(way: str) -> str:
    return str(_WAYS[way]) if way in _WAYS else _("Signed in (%(way)s)", way=way)


def file_text(what: str) -> str:
    return str(_FILES[what]) if what in _FILES else _("Downloaded a file: %(name)s", name=what)


def verb_text(verb: str, name: str) -> str:
    """A verb of the relay as a sentence."""
    sentence = _VERBS.get(verb)
    return sentence(name) if sentence else f"{name}: {verb}"


GLOBALS = {"relay_verb_text": verb_text}
