"""Parses the forms of the page of targets into values, with an error text per field."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from ..accounts.current import current_locale
from ..display.filters import date_text
from ..language import gettext as _
from ..models import HOLIDAY_MAX_CHARS, PERIODS, Tenant
from ..money import MoneyError, parse_minor
from ..targets.settings import Place

TEAM = "team"
WORKING_DAY = "working_day"
# A holiday further away is a mistyped year.
MAX_YEARS = 5


@dataclass(frozen=True)
class TargetForm:
    """The sent form: `amounts` and `working_days` as values, `texts` as typed and `errors`, by the names of fields."""

    amounts: dict[Place, int | None]
    working_days: frozenset[int]
    texts: Mapping[str, str]
    errors: dict[str, str] = field(default_factory=dict)


def field_name(owner_id: int | None, period: str) -> str:
    return f"target-{owner_id or TEAM}-{period}"


def parse(values: Mapping[str, str], days: Collection[str], owners: Collection[int], tenant: Tenant) -> TargetForm:
    """The targets of the team and of these owners. Fields of other names are ignored."""
    form = TargetForm({}, frozenset(n for n in range(1, 8) if str(n) in days), values)
    for owner_id in (None, *owners):
        for period in PERIODS:
            name = field_name(owner_id, period)
            if name not in values:
                continue
            try:
                form.amounts[owner_id, period] = _amount(values[name].strip(), tenant)
            except MoneyError as error:
                form.errors[name] = str(error)
    if not form.working_days:
        form.errors[WORKING_DAY] = _("Choose at least one working day. Targets are spread over them.")
    return form


def _amount(text: str, tenant: Tenant) -> int | None:
    """The amount in minor units; None for an empty field. Raises MoneyError."""
    if not text:
        return None
    amount = parse_minor(text, tenant.currency, current_locale())
    if amount <= 0:
        raise MoneyError(
            _("'%(text)s' is not more than 0. Enter a larger amount, or leave the field empty.", text=text[:40])
        )
    return amount


def parse_holiday(day_text: str, name_text: str, today: date) -> tuple[date | None, str, dict[str, str]]:
    """The day, the name, and the errors by field."""
    errors, day, name = {}, None, name_text.strip()
    try:
        day = date.fromisoformat(day_text.strip())
    except ValueError:
        wrong = _("'%(text)s' is not a date. Enter one like %(day)s.", text=day_text[:40], day=today.isoformat())
        errors["day"] = wrong if day_text else _("Enter a date.")
    if day and abs(day - today) > timedelta(days=366 * MAX_YEARS):
        errors["day"] = _(
            "%(day)s is more than %(count)s years away. Check the year.", day=day.isoformat(), count=MAX_YEARS
        )
    if not name:
        errors["name"] = _("Enter a name, such as Christmas Day.")
    elif len(name) > HOLIDAY_MAX_CHARS:
        errors["name"] = _(
            "The name has %(count)s characters. Enter at most %(most)s.", count=len(name), most=HOLIDAY_MAX_CHARS
        )
    return day, name, errors


def already_holiday(day: date, name: str, today: date) -> str:
    return _(
        "%(day)s is already a holiday: %(name)s. Remove it first to change its name.",
        day=date_text(day, today),
        name=name,
    )
