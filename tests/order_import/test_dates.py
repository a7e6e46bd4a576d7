"""Dates and times in the styles of programs and people: read into moments, or refused with the option that reads them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from webapp.order_import.cell_parsers import NULL, CellParsers
from webapp.order_import.errors import ValueInvalid
from webapp.order_import.value_style import ValueStyle


def read(
    text: str, dates: str | None = None, zone: str | None = None, tenant: str = "Europe/Berlin", column: str = ""
) -> str:
    """The moment in UTC, as `2026-11-20 13:05:00`; "" for an empty cell."""
    value = CellParsers(tenant, "EUR", ValueStyle(dates=dates, zone=zone)).instant_of(column)(text)
    return "" if value == NULL else str(datetime.fromisoformat(str(value)).astimezone(UTC).replace(tzinfo=None))


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2026-07-04", "2026-07-03 22:00:00"),  # the tenant's midnight
        ("2026-01-04 14:30", "2026-01-04 13:30:00"),
        ("2026-07-04T14:30:15", "2026-07-04 12:30:15"),
        ("2026-07-04T14:30:00Z", "2026-07-04 14:30:00"),
        ("2026-07-04 14:30:00 -0500", "2026-07-04 19:30:00"),
        ("2026-07-04 14:30:00 UTC", "2026-07-04 14:30:00"),
        ("2026-10-25 02:30", "2026-10-25 00:30:00"),  # ambiguous in Berlin: the first
        ("2026-03-29 03:00", "2026-03-29 01:00:00"),
        ("2026-11-20 13:05:00+00", "2026-11-20 13:05:00"),  # PostgreSQL
        ("2026-11-20 13:06:00.5+00", "2026-11-20 13:06:00.500000"),
        ("2026-11-20 14:05:00.0000000", "2026-11-20 13:05:00"),  # SQL Server
        ("2026-11-20 14:05:00.123456789 +01:00", "2026-11-20 13:05:00.123457"),
        ("2026-11-20 23:59:59.9999999Z", "2026-11-21 00:00:00"),
        ("2026-11-20T18:35:00+0530", "2026-11-20 13:05:00"),
        ("2026-11-20 15:05 UTC+2", "2026-11-20 13:05:00"),
        ("2026/11/20 14:05", "2026-11-20 13:05:00"),
        ("2026.11.20", "2026-11-19 23:00:00"),
        ("20 Nov 2026 14:05", "2026-11-20 13:05:00"),
        ("Nov 20, 2026", "2026-11-19 23:00:00"),
        ("November 20, 2026 at 2:05 PM", "2026-11-20 13:05:00"),
        ("Fri, 20 Nov 2026 13:05:00 +0000", "2026-11-20 13:05:00"),
        ("20-NOV-26", "2026-11-19 23:00:00"),  # Oracle
        ("Nov-20-26", "2026-11-19 23:00:00"),  # eBay
        ("20. März 2026", "2026-03-19 23:00:00"),
        ("20 déc. 2026", "2026-12-19 23:00:00"),
        ("20 de noviembre de 2026", "2026-11-19 23:00:00"),
        ("2026-11-20 2:05 a.m.", "2026-11-20 01:05:00"),
        ("2026-11-20 2:05\u202fPM", "2026-11-20 13:05:00"),
        ("2026-11-20 12:30 AM", "2026-11-19 23:30:00"),
        ("20 Nov 2026 14:05 CET", "2026-11-20 13:05:00"),
    ],
)
def test_a_date_that_is_clear_by_itself_needs_no_option(text: str, utc: str) -> None:
    assert read(text) == utc
    assert read(text, "mdy") == utc


@pytest.mark.parametrize(
    ("dates", "text", "utc"),
    [
        ("mdy", "11/20/2026 14:05:00", "2026-11-20 13:05:00"),
        ("mdy", "11/20/2026 02:05 PM", "2026-11-20 13:05:00"),
        ("mdy", "11/20/26", "2026-11-19 23:00:00"),
        ("mdy", "4-7-2026", "2026-04-06 22:00:00"),
        ("dmy", "4.7.2026", "2026-07-03 22:00:00"),
        ("dmy", "20. 11. 2026 14:05", "2026-11-20 13:05:00"),
        ("dmy", "20/11/2026, 14:05", "2026-11-20 13:05:00"),
        ("dmy", "20.11.2026 13:05:00 UTC", "2026-11-20 13:05:00"),
        ("ymd", "26/11/20", "2026-11-19 23:00:00"),
        ("ymd", "20261120", "2026-11-19 23:00:00"),
        ("iso", "20261120T130500Z", "2026-11-20 13:05:00"),
        ("excel", "46346", "2026-11-19 23:00:00"),
        ("excel", "46346.586805555555", "2026-11-20 13:05:00"),
        ("excel", "46346,5868055556", "2026-11-20 13:05:00"),
        ("excel", "61", "1900-02-28 23:00:00"),
        ("epoch", "1795179900", "2026-11-20 13:05:00"),
        ("epoch", "1795179900123", "2026-11-20 13:05:00.123000"),
        ("epoch", "1795179900.5", "2026-11-20 13:05:00.500000"),
    ],
)
def test_the_option_reads_the_other_dates(dates: str, text: str, utc: str) -> None:
    assert read(text, dates) == utc


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("11/20/2026 14:05:00", ". Use --dates mdy if the month comes first"),
        ("20.11.2026", ". Use --dates dmy if the day comes first"),
        ("04/07/2026", ". Use --dates dmy if the day comes first or --dates mdy if the month comes first"),
        ("20260704", ". Use --dates excel for Excel's serial numbers, epoch for seconds since 1970, ymd for 19960704"),
        ("46207", ". Use --dates excel"),
        ("2026-13-01", ""),
        ("2026-02-29", ""),
        ("2026-W01-1", ""),
        ("2026-07-04T25:00", ""),
        ("20 Foo 2026", ""),
        ("2026-11-20 13:05 PM", ""),
        ("Yes", '. A column of such words is a status: use --map status=Column and --status "Yes=paid"'),
    ],
)
def test_an_unclear_date_is_refused_with_the_option(text: str, advice: str) -> None:
    with pytest.raises(ValueInvalid) as refused:
        read(text)
    assert str(refused.value).startswith(f"'{text}' is not a date; allowed: 1996-07-04, 1996-07-04 14:30 or ")
    assert str(refused.value).partition("+02:00")[2].startswith(advice)
    assert advice or str(refused.value).endswith("+02:00")


@pytest.mark.parametrize(
    ("dates", "text", "reason"),
    [
        ("dmy", "11/20/2026", "Use --dates mdy if the month comes first"),
        ("mdy", "20.11.2026", "Use --dates dmy if the day comes first"),
        ("excel", "20261120", r"out of range; allowed with --dates excel: 61 \(1900-03-01\)"),
        ("epoch", "46346", r"out of range; allowed with --dates epoch: 100,000,000 \(1973\) or more"),
        ("epoch", "9" * 14, "out of range; allowed: the years 1900 to 2199"),
        (None, "1899-05-05", "out of range; allowed: the years 1900 to 2199"),
        (None, "2026-03-29 02:30", "does not exist in Europe/Berlin: the clocks skipped it"),
    ],
)
def test_a_date_against_the_option_or_the_clock_is_refused(dates: str | None, text: str, reason: str) -> None:
    with pytest.raises(ValueInvalid, match=reason):
        read(text, dates)


@pytest.mark.parametrize(
    "text",
    [
        *("0000-00-00", "0000-00-00 00:00:00", "1900-01-01", "1900-01-01 00:00:00.000", "0001-01-01T00:00:00"),
        *("1899-12-30", "00/00/0000", "1900-01-01T00:00:00+01:00", "NULL"),
    ],
)
def test_a_zero_date_is_empty(text: str) -> None:
    assert read(text) == ""


@pytest.mark.parametrize(
    ("text", "utc"), [("1900-01-02", "1900-01-01 23:00:00"), ("1900-01-01 05:00", "1900-01-01 04:00:00")]
)
def test_other_dates_of_1900_are_dates(text: str, utc: str) -> None:
    assert read(text) == utc


def test_a_moment_before_1900_in_utc_is_refused() -> None:
    with pytest.raises(ValueInvalid, match="out of range"):
        read("1900-01-01 00:30")


@pytest.mark.parametrize(
    ("column", "zone", "utc"),
    [
        ("Created (UTC)", None, "2026-11-20 23:30:00"),
        ("Created (UTC)", "Asia/Tokyo", "2026-11-20 23:30:00"),
        ("date_created_gmt", None, "2026-11-20 23:30:00"),
        ("createdAtUtc", None, "2026-11-20 23:30:00"),
        ("Date (GMT+02:00)", None, "2026-11-20 21:30:00"),
        ("Created", "UTC", "2026-11-20 23:30:00"),
        ("Created", "America/Los_Angeles", "2026-11-21 07:30:00"),
        ("Outcome", None, "2026-11-20 22:30:00"),
    ],
)
def test_the_zone_is_the_columns_then_the_options_then_the_tenants(column: str, zone: str | None, utc: str) -> None:
    assert read("2026-11-20 23:30", zone=zone, column=column) == utc


def test_an_abbreviation_with_several_meanings_needs_the_zone() -> None:
    with pytest.raises(ValueInvalid, match=r"has the zone 'PST', which is unknown or has several meanings; .* --zone"):
        read("Nov 20, 2026 5:05:00 AM PST")
    assert read("Nov 20, 2026 5:05:00 AM PST", zone="America/Los_Angeles") == "2026-11-20 13:05:00"
    assert read("Jul 20, 2026 5:05:00 AM PDT", zone="America/Los_Angeles") == "2026-07-20 12:05:00"
    assert read("Nov 20, 2026 9:05:00 PM PST", tenant="Asia/Manila") == "2026-11-20 13:05:00"


def test_a_day_without_a_midnight_begins_after_the_jump() -> None:
    assert read("2018-11-04", tenant="America/Sao_Paulo") == "2018-11-04 03:00:00"
