"""The kinds of notifications, and the channels by which a user can get them."""

from __future__ import annotations

from dataclasses import dataclass

TOAST, SOUND, DESKTOP, PUSH = CHANNELS = ("toast", "sound", "desktop", "push")
# Without stored preferences. The others interrupt beyond the page, so a user chooses them.
DEFAULT_CHANNELS = frozenset({TOAST})


@dataclass(frozen=True)
class Kind:
    """A kind of notification: `notifications.type`, its name on the settings page, and what it is about.

    Many notifications of the same `subject` are folded into one toast.
    """

    name: str
    label: str
    subject: str
    is_for_managers: bool = False


KINDS = (
    Kind("paid", "Your order is paid", "orders"),
    Kind("shipped", "Your order is shipped", "orders"),
    Kind("refunded", "Your order is refunded, in part or in full", "orders"),
    Kind("cancelled", "Your order is cancelled", "orders"),
    Kind("assigned", "An order is assigned to you", "assigned"),
    Kind("unassigned", "An order is taken from you", "unassigned"),
    Kind("mentioned", "You are mentioned in a comment", "mentioned"),
    Kind("failed", "A webhook is disabled after failures", "webhooks", is_for_managers=True),
    Kind("gone", "A webhook is disabled by its receiver", "webhooks", is_for_managers=True),
)
KINDS_BY_NAME = {kind.name: kind for kind in KINDS}


def kinds_of(is_manager: bool) -> tuple[Kind, ...]:
    """The kinds that a user can get."""
    return tuple(kind for kind in KINDS if is_manager or not kind.is_for_managers)
