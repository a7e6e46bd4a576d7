"""The parameters of the orders page: dates in the tenant's zone, amounts in its locale, and a message for each bad value."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from webapp.models import Tenant
from webapp.queries.order_filter import Filter
from webapp.routes.order_parameters import PRESETS, parse

NOW = datetime(2026, 11, 27, 15, 30, tzinfo=UTC)  # a Friday


def asked(written: dict[str, str], now: datetime = NOW, **columns: str) -> Any:
    values = {"timezone": "Europe/Berlin", "currency": "EUR", "locale": "de_DE"}
    tenant = Tenant(**(values | columns))
    return parse(written, tenant, now, tenant.locale)


def dates(written: dict[str, str], now: datetime = NOW, **columns: str) -> tuple[str, str]:
    wanted = asked(written, now, **columns).filter
    return tuple(at.strftime("%Y-%m-%dT%H:%MZ") if at else "" for at in (wanted.start, wanted.end))  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("preset", "first", "end"),
    [
        ("today", "2026-11-26T23:00Z", "2026-11-27T23:00Z"),
        ("yesterday", "2026-11-25T23:00Z", "2026-11-26T23:00Z"),
        ("last_7", "2026-11-20T23:00Z", "2026-11-27T23:00Z"),
        ("last_30", "2026-10-28T23:00Z", "2026-11-27T23:00Z"),
        ("week", "2026-11-22T23:00Z", "2026-11-29T23:00Z"),
        ("month", "2026-10-31T23:00Z", "2026-11-30T23:00Z"),
        ("last_month", "2026-09-30T22:00Z", "2026-10-31T23:00Z"),
    ],
)
def test_a_preset_has_whole_days_of_the_tenant(preset: str, first: str, end: str) -> None:
    assert dates({"range": preset}) == (first, end)


def test_every_preset_has_a_name_and_is_accepted() -> None:
    for preset in PRESETS:
        assert asked({"range": preset}).problems == {}


def test_today_is_the_tenants_day_and_has_23_or_25_hours_on_a_clock_change() -> None:
    late = datetime(2026, 10, 24, 22, 30, tzinfo=UTC)
    assert dates({"range": "today"}, late) == ("2026-10-24T22:00Z", "2026-10-25T23:00Z")
    assert dates({"range": "today"}, late, timezone="America/New_York") == ("2026-10-24T04:00Z", "2026-10-25T04:00Z")
    assert dates({"from": "2026-03-29", "to": "2026-03-29"}) == ("2026-03-28T23:00Z", "2026-03-29T22:00Z")


def test_dates_include_the_last_day_and_times_exclude_the_last_minute() -> None:
    assert dates({"from": "2026-11-01", "to": "2026-11-02"}) == ("2026-10-31T23:00Z", "2026-11-02T23:00Z")
    assert dates({"from": "2026-11-27T14:00", "to": "2026-11-27T15:00"}) == ("2026-11-27T13:00Z", "2026-11-27T14:00Z")
    assert dates({"from": "2026-11-01"}) == ("2026-10-31T23:00Z", "")
    repeated = {"from": "2026-10-25T02:00", "to": "2026-10-25T03:00"}
    assert dates(repeated) == ("2026-10-25T00:00Z", "2026-10-25T02:00Z"), (
        "both times of an hour that the clock shows twice"
    )


def test_typed_dates_replace_a_preset_and_defaults_are_not_kept() -> None:
    found = asked({"range": "today", "from": "2026-11-01", "by": "placed", "status": "", "q": "  ana  "})
    assert found.typed == {"from": "2026-11-01", "q": "ana"}


def test_each_parameter_is_read_in_the_tenants_locale() -> None:
    written = {
        "q": "ana",
        "by": "paid",
        "status": "open",
        "owner": "7",
        "min": "1.234,50",
        "max": "€ 2.000",
        "source": "form",
    }
    wanted = asked(written).filter
    assert wanted == Filter("ana", "open", 7, "paid", None, None, 123_450, 200_000, "form")
    assert asked({"owner": "none"}).filter.owner_id == 0
    assert asked({"min": "1,234.50"}, locale="en_GB").filter.min_minor == 123_450
    assert not asked({}).filter


@pytest.mark.parametrize(
    ("name", "value", "advice"),
    [
        ("status", "lost", "Use one of: placed, paid"),
        ("by", "birthday", "Use one of: placed, paid, shipped, cancelled, refunded, revenue"),
        ("range", "decade", "Use one of: today"),
        ("owner", "Ana", "Choose one from the list"),
        ("owner", "0", "Choose one from the list"),
        ("owner", "9" * 30, "Choose one from the list"),
        ("from", "26.11.2026", "Write it like 2026-11-27"),
        ("to", "2026-02-30", "Write it like 2026-11-27"),
        ("from", "0001-01-01", "from 1900"),
        ("to", "9999-12-31", "to 8999"),
        ("from", "2026-11-27T10:00+01:00", "Write it like"),
        ("min", "12,345", "at most 2"),
        ("max", "ten", "Write it like 1234,50"),
        ("min", "-5", "type a positive amount"),
    ],
)
def test_a_bad_value_is_named_with_what_is_allowed(name: str, value: str, advice: str) -> None:
    found = asked({name: value})
    assert list(found.problems) == [name]
    assert value[:40] in found.problems[name]
    assert advice in found.problems[name]
    assert found.typed[name] == value, "the field keeps what was typed"


def test_ends_before_beginnings_are_refused() -> None:
    assert list(asked({"from": "2026-11-27", "to": "2026-11-26"}).problems) == ["to"]
    assert list(asked({"from": "2026-11-27T10:00", "to": "2026-11-27T09:00"}).problems) == ["to"]
    assert list(asked({"min": "10", "max": "9"}).problems) == ["max"]
    assert asked({"from": "2026-11-27", "to": "2026-11-27", "min": "9", "max": "9"}).problems == {}


def test_several_bad_values_are_all_named() -> None:
    assert set(asked({"min": "x", "to": "y", "status": "z"}).problems) == {"min", "to", "status"}
