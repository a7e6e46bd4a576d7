"""Jinja filters of all pages: numbers, money and times in the locale of the page, and the tenant's currency and zone.

With a `tenant` as argument, for a reader without a page, they use the locale of a page in the tenant's language.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache, wraps
from typing import Any
from unicodedata import category
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime, format_skeleton, format_time, format_timedelta
from babel.numbers import format_compact_decimal, format_decimal, format_percent
from jinja2 import pass_context
from markupsafe import Markup, escape

from .. import money
from ..accounts.current import current_locale, current_tenant
from ..language import locales, pgettext
from ..models import Tenant
from ..queries.new_items import Fold
from . import notification_texts
from .comment_text import comment_html
from .ordinals import ordinal_text

# From this amount, in whole units of the currency, cents are omitted as irrelevant.
SHORT_FROM = 1_000_000
# The size classes of figures, in characters, as in board.css.
CHARS = (9, 12, 15, 19, 24, 30)
# Longer words, such as addresses, break after these signs and before a full stop.
BREAKABLE_CHARS = 20
_SIGNS = re.compile(r"([@:/_=?-])(?=\w)|(?<=\w)(?=\.\w)")


def per_render(text: Callable[..., Any]) -> Callable[..., Any]:
    """The filter `text`, wrapped so that Jinja calls it at each render.

    Jinja calls a filter on a constant once, when it compiles the template, and all later requests would get the locale of
    that request. It does not do so for a filter that takes the context, so all filters of Doorbell are wrapped.
    """

    @pass_context
    @wraps(text)
    def render(_context: Any, *args: Any, **options: Any) -> Any:
        return text(*args, **options)

    return render


def locale_of(tenant: Tenant | None) -> str:
    return current_locale() if tenant is None else locales.page_locale(None, tenant.locale)


def money_text(minor: int, tenant: Tenant | None = None) -> str:
    """Minor units of the tenant's currency: 125000 is "€1,250.00" in en_GB."""
    return money.money_text(minor, (tenant or current_tenant()).currency, locale_of(tenant))


def short_money_text(minor: int, like: int | None = None, tenant: Tenant | None = None) -> str:
    """Like money_text, but in whole units if the amount, or `like`, the largest amount beside it, is SHORT_FROM or more."""
    currency = (tenant or current_tenant()).currency
    largest = max(abs(minor), abs(like or 0))
    format_money = money.whole_text if money.to_decimal(largest, currency) >= SHORT_FROM else money.money_text
    return format_money(minor, currency, locale_of(tenant))


def short_money_texts(amounts: Sequence[int], tenant: Tenant | None = None) -> list[str]:
    """Amounts beside each other, all with cents or all in whole units."""
    largest = max((abs(amount) for amount in amounts), default=0)
    return [short_money_text(amount, largest, tenant) for amount in amounts]


def width_class(texts: str | Sequence[str]) -> str:
    """The size class in board.css for the longest of these texts."""
    longest = max((visible_chars(text) for text in ([texts] if isinstance(texts, str) else texts)), default=0)
    return f"chars-{next((size for size in CHARS if longest <= size), CHARS[-1])}"


def visible_chars(text: str) -> int:
    """The number of visible characters, without marks of writing direction."""
    return sum(category(character) != "Cf" for character in text)


def number_text(value: int, tenant: Tenant | None = None) -> str:
    """A whole number with the locale's grouping."""
    return str(format_decimal(value, locale=locale_of(tenant)))


def compact_text(value: Decimal, tenant: Tenant | None = None) -> str:
    """A round number for an axis: 1500 is "1.5K"."""
    return str(format_compact_decimal(value, locale=locale_of(tenant), fraction_digits=2))


def percent_text(ratio: Decimal, tenant: Tenant | None = None) -> str:
    """A ratio as an unsigned percentage with one decimal: 0.124 is "12.4%"; without it from 10 (1,000%)."""
    ratio = abs(ratio).quantize(Decimal("0.001") if abs(ratio) < 10 else Decimal("0.01"))
    return str(format_percent(ratio, locale=locale_of(tenant), decimal_quantization=False))


def clock_text(moment: datetime, tenant: Tenant | None = None) -> str:
    """Hours, minutes and seconds in the tenant's zone, for "as of"."""
    return str(format_time(moment, "medium", tzinfo=_zone(tenant), locale=locale_of(tenant)))


def time_text(moment: datetime, tenant: Tenant | None = None) -> str:
    """Hours and minutes in the tenant's zone."""
    return str(format_time(moment, "short", tzinfo=_zone(tenant), locale=locale_of(tenant)))


def moment_text(moment: datetime, today: date, tenant: Tenant | None = None) -> str:
    """The time, with its day if `moment` is not on `today`."""
    day = moment.astimezone(_zone(tenant)).date()
    return (
        time_text(moment, tenant) if day == today else f"{date_text(day, today, tenant)}, {time_text(moment, tenant)}"
    )


def datetime_text(moment: datetime, tenant: Tenant | None = None) -> str:
    """Day and time, for an order's page and for titles."""
    return _datetime_text(moment, (tenant or current_tenant()).timezone, locale_of(tenant))


def _zone(tenant: Tenant | None) -> ZoneInfo:
    return ZoneInfo((tenant or current_tenant()).timezone)


@lru_cache(maxsize=4_096)
def _datetime_text(moment: datetime, timezone: str, locale: str) -> str:
    """Cached, because a live list shows most times again after each change."""
    return str(format_datetime(moment, "medium", tzinfo=ZoneInfo(timezone), locale=locale))


def day_text(day: date, tenant: Tenant | None = None) -> str:
    """A day in full: "Sunday, 22 November 2026"."""
    return str(format_date(day, "full", locale=locale_of(tenant)))


def short_day_text(day: date, tenant: Tenant | None = None) -> str:
    """Day and month: "22 Nov"."""
    return str(format_skeleton("MMMd", day, locale=locale_of(tenant)))


def weekday_text(day: date, width: str = "abbreviated") -> str:
    """The weekday, short ("Fri") or "wide"."""
    return str(format_date(day, "EEEE" if width == "wide" else "EEE", locale=current_locale()))


def days_before(day: date, days: int) -> date:
    return day - timedelta(days=days)


def date_text(day: date, today: date, tenant: Tenant | None = None) -> str:
    """Day and month, with the year if it is not today's: "22 Nov", "4 May 1998"."""
    skeleton = "MMMd" if day.year == today.year else "yMMMd"
    return str(format_skeleton(skeleton, day, locale=locale_of(tenant)))


def on_date_text(moment: datetime, tenant: Tenant | None = None) -> str:
    """The day of a moment with its year: "26 Nov 2062"."""
    return str(format_date(moment.astimezone(_zone(tenant)).date(), "medium", locale=locale_of(tenant)))


def whole_percent_text(ratio: float) -> str:
    """A ratio without decimals: 0.37 is "37%"."""
    return str(format_percent(ratio, locale=current_locale()))


def breakable_text(value: str) -> Markup:
    """A text whose long words break at a sign instead of inside of a name."""
    words = (str(escape(word)) for word in value.split(" "))
    broken = (_SIGNS.sub(r"\g<0><wbr>", word) if len(word) > BREAKABLE_CHARS else word for word in words)
    return Markup(" ".join(broken))  # noqa: S704 - escaped


def duration_text(seconds: float, tenant: Tenant | None = None) -> str:
    """A duration in its largest unit: 300 is "5 minutes"."""
    return str(format_timedelta(timedelta(seconds=round(seconds)), threshold=1, locale=locale_of(tenant)))


def source_text(source: str) -> str:
    """The source of an order: "Form", "SQL", "Import", an attached table's name, or the name that a program gave itself."""
    if "." in source:
        # An attached table.
        return source
    names = {"sql": "SQL", "form": pgettext("source", "Form"), "import": pgettext("source", "Import")}
    return names.get(source, source[:1].upper() + source[1:])


def unread_text(count: int) -> str:
    """The number on the bell's badge: empty for 0, "99+" from 100."""
    return "" if not count else str(count) if count < 100 else "99+"


def amount_in_field(minor: int) -> str:
    """An amount as a form field has it: "1250.00", without the currency."""
    return money.amount_text(minor, current_tenant().currency, current_locale())


def quantity_text(quantity: Decimal) -> str:
    return str(format_decimal(quantity, locale=current_locale()))


def fold_text(fold: Fold) -> str:
    """The sentence of folded notifications."""
    number = getattr(fold.items[0], "number", None)
    return notification_texts.folded(fold.subject, fold.types, fold.count, fold.subjects, current_locale(), number)


FILTERS: dict[str, Callable[..., Any]] = {
    "fold": fold_text,
    "fold_pattern": notification_texts.fold_pattern,
    "happened": notification_texts.sentence_html,
    "money": money_text,
    "short_money": short_money_text,
    "short_moneys": short_money_texts,
    "width_class": width_class,
    "number": number_text,
    "percent": percent_text,
    "clock": clock_text,
    "time": time_text,
    "moment": moment_text,
    "datetime": datetime_text,
    "day": day_text,
    "short_day": short_day_text,
    "date": date_text,
    "weekday": weekday_text,
    "days_before": days_before,
    "on_date": on_date_text,
    "duration": duration_text,
    "whole_percent": whole_percent_text,
    "breakable": breakable_text,
    "source": source_text,
    "unread": unread_text,
    "ordinal": ordinal_text,
    "amount": amount_in_field,
    "quantity": quantity_text,
    "comment": comment_html,
}
