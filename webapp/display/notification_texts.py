"""The sentences of notifications, for lists, toasts, desktop notifications and pushes."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Literal

from babel.lists import format_list
from babel.numbers import format_decimal
from markupsafe import Markup

from ..accounts.current import current_locale
from ..language import gettext as _
from ..language import ngettext, pgettext
from ..language.script_texts import plural_samples

# Of one notification, by its kind. The subject is an order's number or a webhook's name.
_SENTENCES: dict[str, Callable[[str], str]] = {
    "paid": lambda subject: _("Order %(number)s was paid", number=subject),
    "shipped": lambda subject: _("Order %(number)s was shipped", number=subject),
    "refunded": lambda subject: _("Order %(number)s was refunded", number=subject),
    "cancelled": lambda subject: _("Order %(number)s was cancelled", number=subject),
    "assigned": lambda subject: _("Order %(number)s was assigned to you", number=subject),
    "unassigned": lambda subject: _("Order %(number)s is no longer assigned to you", number=subject),
    "mentioned": lambda subject: _("You were mentioned on order %(number)s", number=subject),
    "failed": lambda subject: _("Webhook %(name)s was disabled: it failed for 5 days", name=subject),
    "gone": lambda subject: _("Webhook %(name)s was disabled: it answered 410 Gone", name=subject),
}
# The changes of several orders, in a list: "paid or shipped".
_CHANGES: dict[str, Callable[[], str]] = {
    "paid": lambda: pgettext("orders were …", "paid"),
    "shipped": lambda: pgettext("orders were …", "shipped"),
    "refunded": lambda: pgettext("orders were …", "refunded"),
    "cancelled": lambda: pgettext("orders were …", "cancelled"),
}
# Of several; the key is a Fold's subject. Any other subject is the user's own orders.
_FOLDED: dict[str, Callable[[int, str], str]] = {
    "webhooks": lambda count, num: ngettext(
        "%(num)s webhook was disabled", "%(num)s webhooks were disabled", count, num=num
    ),
    "mentioned": lambda count, num: ngettext(
        "You were mentioned in %(num)s comment", "You were mentioned in %(num)s comments", count, num=num
    ),
    "assigned": lambda count, num: ngettext(
        "%(num)s order was assigned to you", "%(num)s orders were assigned to you", count, num=num
    ),
    "unassigned": lambda count, num: ngettext(
        "%(num)s order is no longer assigned to you", "%(num)s orders are no longer assigned to you", count, num=num
    ),
    "away": lambda count, num: ngettext(
        "%(num)s change while you were away", "%(num)s changes while you were away", count, num=num
    ),
}


def sentence(kind: str, subject: str) -> str:
    """A sentence such as "Order 1042 was paid". `subject` is an order's number or a webhook's name."""
    return _SENTENCES[kind](subject)


def sentence_html(subject: str | Markup, kind: str) -> Markup:
    """The same as HTML; `subject` may be a link."""
    return Markup(sentence(kind, "{}")).format(subject)  # noqa: S704 - format escapes the subject


def fold_forms(subject: str, kinds: Sequence[str], locale: str) -> dict[str, str]:
    """The sentence for several notifications in each plural category, with "%(num)s" in place of their number."""
    samples = plural_samples(locale)
    return {category: _several(subject, kinds, number, "%(num)s", locale) for category, number in samples.items()}


def fold_pattern(subject: str, kinds: Sequence[str]) -> str:
    """The forms as JSON, for fold.js."""
    return json.dumps(fold_forms(subject, kinds, current_locale()), ensure_ascii=False)


def folded(
    subject: str, kinds: Sequence[str], count: int, subjects: int, locale: str, number_of_one: str | None = None
) -> str:
    """The same with the number: "3 of your orders were paid or shipped". `number_of_one` is that of a single order."""
    shown = count if subject == "mentioned" else subjects
    if shown == 1 and number_of_one and subject not in _FOLDED:
        changes = _list(kinds, "standard", locale)
        return _("Order %(number)s was %(changes)s", number=number_of_one, changes=changes)
    return _several(subject, kinds, shown, format_decimal(shown, locale=locale), locale)


def _several(subject: str, kinds: Sequence[str], count: int, num: str, locale: str) -> str:
    if subject in _FOLDED:
        return _FOLDED[subject](count, num)
    changes = _list(kinds, "or", locale)
    return ngettext(
        "%(num)s of your orders was %(changes)s",
        "%(num)s of your orders were %(changes)s",
        count,
        num=num,
        changes=changes,
    )


def _list(kinds: Sequence[str], style: Literal["standard", "or"], locale: str) -> str:
    return str(format_list([_CHANGES[kind]() for kind in sorted(kinds)], style, locale))
