"""The parameters of the history's address, read strictly: what to show, or a message for each value that is not valid."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from ..language import gettext as _
from ..language import lazy_gettext
from ..models import Tenant
from ..queries.day import today
from . import periods, ranges
from .figures import GROUPS, MEASURES, OF_PRODUCTS
from .ranges import DEFAULT_PRESET, PRESETS, Range

NAMES = ("range", "from", "to", "by", "group", "measure", "compare")
UNITS = {"day": lazy_gettext("Day"), "week": lazy_gettext("Week"), "month": lazy_gettext("Month")}
COMPARISONS = {
    "none": lazy_gettext("Nothing"),
    "previous": lazy_gettext("Period before"),
    "year": lazy_gettext("Year before"),
}
CHOICES: dict[str, Mapping[str, object]] = {
    "range": PRESETS,
    "by": UNITS,
    "group": GROUPS,
    "measure": MEASURES,
    "compare": COMPARISONS,
}
DEFAULTS = {"group": "none", "measure": "revenue", "compare": "previous"}
YEARS = range(1901, 9000)
MAX_CHARS = 40


@dataclass(frozen=True)
class HistoryRequest:
    """The figures that an address asks for. `typed` has its parameters as written, without empty ones.

    `problems` has a message per parameter that is not valid; its default is used instead. Without `dates` the range is a
    preset. `by` is "" for the default of the range.
    """

    preset: str = DEFAULT_PRESET
    dates: tuple[date, date] | None = None
    by: str = ""
    group: str = "none"
    measure: str = "revenue"
    compare: str = "previous"
    owner_id: int | None = None  # of the only salesperson whose figures are shown
    typed: dict[str, str] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)

    def range(self, day: date, first_order: date | None = None) -> Range:
        """The range on this day."""
        if self.dates:
            return ranges.of_dates(*self.dates)
        return ranges.of_preset(self.preset, day, first_order)

    @property
    def needs_first_order(self) -> bool:
        return not self.dates and self.preset == "all"


def choices(only_owner: int | None) -> dict[str, Mapping[str, object]]:
    """The choices of the page for a user who sees all figures, or those of `only_owner`."""
    if only_owner is None:
        return CHOICES
    return CHOICES | {"group": {name: text for name, text in GROUPS.items() if name != "product"}}


def parse(written: Mapping[str, str], tenant: Tenant, now: datetime, only_owner: int | None = None) -> HistoryRequest:
    """The parameters of an address, of a user who sees all figures, or those of `only_owner`."""
    typed = {name: written.get(name, "").replace("\0", "").strip()[:MAX_CHARS] for name in NAMES}
    typed = {name: text for name, text in typed.items() if text}
    problems: dict[str, str] = {}
    day = today(tenant.timezone, now).date
    dates = _dates(typed, problems, day)
    found = {name: _choice(name, typed, problems) for name in CHOICES}
    if found["group"] == "product" and found["measure"] not in OF_PRODUCTS:
        problems["measure"] = _(
            "%(measure)s by product is not known, because refunds and payments name no product. Choose revenue or orders.",
            measure=str(MEASURES[found["measure"]]),
        )
        found["measure"] = DEFAULTS["measure"]
    if found["group"] == "product" and only_owner is not None:
        problems["group"] = _("Products are counted for the whole team. Choose everything or salesperson.")
        found["group"] = DEFAULTS["group"]
    preset = found["range"] or DEFAULT_PRESET
    choices = (found["by"], found["group"], found["measure"], found["compare"])
    asked = HistoryRequest("" if dates else preset, dates, *choices, only_owner, typed, problems)
    return _with_possible_unit(asked, day)


def _choice(name: str, typed: dict[str, str], problems: dict[str, str]) -> str:
    text = typed.get(name, "")
    if not text or text in CHOICES[name]:
        return text or DEFAULTS.get(name, "")
    problems[name] = _not_allowed(name, text, CHOICES[name])
    return DEFAULTS.get(name, "")


def _not_allowed(name: str, text: str, allowed: Iterable[str]) -> str:
    return _(
        "%(name)s is %(value)s, which is not valid. Use one of: %(allowed)s.",
        name=name,
        value=f"“{text}”",
        allowed=", ".join(allowed),
    )


def _dates(typed: dict[str, str], problems: dict[str, str], day: date) -> tuple[date, date] | None:
    """Typed dates, which are more exact than a preset. A missing one is today, or the day of the other if that is later."""
    if not ({"from", "to"} & typed.keys()):
        return None
    typed.pop("range", None)
    first, last = (_date(name, typed, problems, day) for name in ("from", "to"))
    if problems:
        return None
    last = last or max(first or day, day)
    first = first or last
    if first > last:
        problems["to"] = _(
            "The range ends on %(end)s, before it begins on %(begin)s. Choose a later end.", end=last, begin=first
        )
        return None
    return first, last


def _date(name: str, typed: dict[str, str], problems: dict[str, str], day: date) -> date | None:
    text = typed.get(name, "")
    if not text:
        return None
    try:
        found = date.fromisoformat(text)
        if str(found) != text or found.year not in YEARS:
            raise ValueError
    except ValueError:
        problems[name] = _("The date “%(value)s” is not valid. Write it like %(example)s.", value=text, example=day)
        return None
    return found


def _with_possible_unit(asked: HistoryRequest, day: date) -> HistoryRequest:
    """Without a unit of which the range has too many. All time is checked when its length is known (report.py)."""
    if not asked.by or asked.needs_first_order:
        return asked
    if periods.count(asked.range(day), asked.by) <= periods.MAX_PERIODS:
        return asked
    asked.problems["by"] = too_many(asked.by)
    return HistoryRequest(**{**asked.__dict__, "by": ""})


def too_many(unit: str) -> str:
    return _(
        "The range has more than %(most)s periods by %(unit)s. Choose a shorter range, or week or month.",
        most=periods.MAX_PERIODS,
        unit=str(UNITS[unit]).lower(),
    )
