"""The kinds of notifications, and the channels by which a user can get them."""

from __future__ import annotations

from dataclasses import dataclass

from flask_babel.speaklater import LazyString

from ..language import lazy_gettext as _

TOAST, SOUND, DESKTOP, PUSH = CHANNELS = ("toast", "sound", "desktop", "push")
# Without stored preferences. The others interrupt beyond the page, so a user chooses them.
DEFAULT_CHANNELS = frozenset({TOAST})


@dataclass(frozen=True)
class NotificationKind:
    """A kind of notification: `notifications.type`, its name on the settings page, and what it is about.

    Many notifications of the same `subject` are folded into one toast.
    """

    name: str
    label: LazyString
    subject: str
    is_of_relay: bool = False


KINDS = (
    NotificationKind("paid", _("Your order is paid"), "orders"),
    NotificationKind("shipped", _("Your order is shipped"), "orders"),
    NotificationKind("refunded", _("Your order is refunded, in part or in full"), "orders"),
    NotificationKind("cancelled", _("Your order is cancelled"), "orders"),
    NotificationKind("assigned", _("An order is assigned to you"), "assigned"),
    NotificationKind("unassigned", _("An order is taken from you"), "unassigned"),
    NotificationKind("mentioned", _("You are mentioned in a comment"), "mentioned"),
    NotificationKind("failed", _("A webhook is disabled after failures"), "webhooks", is_of_relay=True),
    NotificationKind("gone", _("A webhook is disabled by its receiver"), "webhooks", is_of_relay=True),
)
KINDS_BY_NAME = {kind.name: kind for kind in KINDS}


def kinds_of(has_relay: bool) -> tuple[NotificationKind, ...]:
    """The kinds that a user can get; those of the relay are for users who manage it."""
    return tuple(kind for kind in KINDS if has_relay or not kind.is_of_relay)
