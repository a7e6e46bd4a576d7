"""The sentences of notifications, for lists, toasts, desktop notifications and pushes."""

from __future__ import annotations

from collections.abc import Sequence

from babel.numbers import format_decimal
from markupsafe import Markup

_SENTENCES = {
    "assigned": "Order {} was assigned to you",
    "unassigned": "Order {} is no longer assigned to you",
    "mentioned": "You were mentioned on order {}",
    "failed": "Webhook {} was disabled: it failed for 5 days",
    "gone": "Webhook {} was disabled: it answered 410 Gone",
}


def sentence(kind: str, subject: str) -> str:
    """A sentence such as "Order 1042 was paid". `subject` is an order's number or a webhook's name."""
    return _SENTENCES.get(kind, f"Order {{}} was {kind}").format(subject)


def sentence_html(subject: str | Markup, kind: str) -> Markup:
    """The same as HTML; `subject` may be a link."""
    return Markup(sentence(kind, "{}")).format(subject)  # noqa: S704 - format escapes the subject


def folded(
    subject: str, kinds: Sequence[str], count: int, subjects: int, locale: str, number_of_one: str | None = None
) -> str:
    """The same for many notifications: "3 of your orders were paid or shipped". `number_of_one` is that of a single order."""
    number = str(format_decimal(subjects, locale=locale))
    plural = "" if subjects == 1 else "s"
    if subject == "webhooks":
        return f"{number} webhook{plural} {_were(subjects)} disabled"
    if subject == "mentioned":
        return f"You were mentioned in {format_decimal(count, locale=locale)} comment{'' if count == 1 else 's'}"
    if subject == "assigned":
        return f"{number} order{plural} {_were(subjects)} assigned to you"
    if subject == "unassigned":
        return f"{number} order{plural} {'is' if subjects == 1 else 'are'} no longer assigned to you"
    if subjects == 1 and number_of_one:
        return f"Order {number_of_one} was {' and '.join(sorted(kinds))}"
    return f"{number} of your orders {_were(subjects)} {' or '.join(sorted(kinds))}"


def _were(subjects: int) -> str:
    return "was" if subjects == 1 else "were"
