"""Time zones and locales as choices, and samples of what they mean."""

from __future__ import annotations

import zoneinfo
from dataclasses import dataclass
from datetime import datetime, time
from functools import lru_cache

from babel import Locale, UnknownLocaleError, localedata
from babel.core import get_global
from babel.dates import format_date, format_time, get_timezone_location
from babel.numbers import format_decimal

from .. import money

# Of the IANA names that are places; the others are aliases and fixed offsets.
REGIONS = ("Africa", "America", "Antarctica", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific")
UTC = "UTC"
_SAMPLE_MINOR = 123_456_700
_SAMPLE_NUMBER = 1_234_567.8


@dataclass(frozen=True)
class ZoneChoice:
    """A time zone with its place, such as "Berlin, Germany", and its present local time and offset."""

    name: str
    place: str
    time: str
    offset: str


def zone_choices(now: datetime, locale: str, present: str) -> list[ZoneChoice]:
    """All places by name, and the `present` zone, which may be an alias."""
    names = sorted({*_zone_names(), present})
    return [zone_choice(name, now, locale) for name in names]


def zone_choice(name: str, now: datetime, locale: str) -> ZoneChoice:
    local = now.astimezone(zoneinfo.ZoneInfo(name))
    offset = f"{local:%z}"
    shown = _time(local.hour, local.minute, locale)
    return ZoneChoice(name, _place(name, locale), shown, f"UTC{offset[:3]}:{offset[3:5]}")


@lru_cache(maxsize=4096)
def _time(hour: int, minute: int, locale: str) -> str:
    return str(format_time(time(hour, minute), "short", locale=locale))


@lru_cache(maxsize=1)
def _zone_names() -> frozenset[str]:
    return frozenset(
        name for name in zoneinfo.available_timezones() if name.partition("/")[0] in REGIONS and "/" in name
    ) | {UTC}


@lru_cache(maxsize=4096)
def _place(name: str, locale: str) -> str:
    city = str(get_timezone_location(name, locale=locale, return_city=True))
    territory = get_global("zone_territories").get(name)
    country = Locale.parse(locale).territories.get(territory or "")
    return f"{city}, {country}" if country else city


@lru_cache(maxsize=8)
def locale_choices(locale: str) -> tuple[tuple[str, str], ...]:
    """Babel's locales of a language in a country, with their names in `locale`, by name."""
    found = []
    for identifier in localedata.locale_identifiers():
        parsed = Locale.parse(identifier)
        if parsed.territory and not parsed.script and not parsed.variant:
            found.append((str(identifier), locale_name(identifier, locale)))
    return tuple(sorted(found, key=lambda choice: (choice[1].casefold(), choice[0])))


def locale_name(identifier: str, locale: str) -> str:
    """ "German (Germany)". The identifier itself for a locale without a name."""
    return str(Locale.parse(identifier).get_display_name(locale) or identifier)


@dataclass(frozen=True)
class LocaleSample:
    """How a locale writes a number, an amount, a date and a time."""

    number: str
    money: str
    date: str
    time: str


def locale_sample(identifier: str, currency: str, now: datetime, timezone: str) -> LocaleSample | None:
    """None for a locale that is not known."""
    try:
        locale = str(Locale.parse(identifier))
    except (ValueError, UnknownLocaleError):
        return None
    local = now.astimezone(zoneinfo.ZoneInfo(timezone))
    return LocaleSample(
        number=str(format_decimal(_SAMPLE_NUMBER, locale=locale)),
        money=money.money_text(_SAMPLE_MINOR, currency, locale),
        date=str(format_date(local, "medium", locale=locale)),
        time=str(format_time(local, "short", locale=locale)),
    )
