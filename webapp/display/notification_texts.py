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


# Of several; the key is a Fold's subject. Any other subject is the user's own orders.
_FOLDED = {
    "webhooks": "{count} webhooks were disabled",
    "mentioned": "You were mentioned in {count} comments",
    "assigned": "{count} orders were assigned to you",
    "unassigned": "{count} orders are no longer assigned to you",
}
_FOLDED_ONE = {
    "webhooks": "{count} webhook was disabled",
    "mentioned": "You were mentioned in {count} comment",
    "assigned": "{count} order was assigned to you",
    "unassigned": "{count} order is no longer assigned to you",
}


def fold_pattern(subject: str, kinds: Sequence[str]) -> str:
    """The sentence for several notifications, with "{count}" in place of their number."""
    return _FOLDED.get(subject) or f"{{count}} of your orders were {_alternatives(kinds)}"


def folded(
    subject: str, kinds: Sequence[str], count: int, subjects: int, locale: str, number_of_one: str | None = None
) -> str:
    """The same with the number: "3 of your orders were paid or shipped". `number_of_one` is that of a single order."""
    shown = count if subject == "mentioned" else subjects
    if shown != 1:
        pattern = fold_pattern(subject, kinds)
    elif subject in _FOLDED_ONE:
        pattern = _FOLDED_ONE[subject]
    elif number_of_one:
        return f"Order {number_of_one} was {' and '.join(sorted(kinds))}"
    else:
        pattern = f"{{count}} of your orders was {_alternatives(kinds)}"
    return pattern.format(count=format_decimal(shown, locale=locale))


def _alternatives(kinds: Sequence[str]) -> str:
    return " or ".join(sorted(kinds))
