"""The history page: its figures, links, parameters, states and file."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from bs4 import BeautifulSoup, Tag

from webapp.db import db
from webapp.queries import order_search
from webapp.rollups import refresh
from webapp.routes import order_parameters

from ..support.browser import Person
from ..support.figures import tenant as read_tenant
from ..support.order_lines import add_line
from ..support.varied_orders import place_varied_orders
from ..support.world import Service, World


def page(person: Person, query: str = "", status: int = 200) -> BeautifulSoup:
    response = person.get(f"/history{query}")
    assert response.status_code == status, response.text
    return BeautifulSoup(response.text, "html.parser")


def text(found: BeautifulSoup | Tag, selector: str) -> str:
    element = found.select_one(selector)
    assert element is not None, f"{selector} is missing"
    return " ".join(element.text.split())


def minor(shown: str) -> int:
    digits = re.sub(r"[^0-9-]", "", shown)
    return int(digits) if digits else 0


@pytest.fixture
def varied(service: Service, world: World, tenant: int) -> datetime:
    """Orders around now, most of them in the rollups."""
    now = datetime.now(UTC)
    place_varied_orders(world, tenant, now)
    refresh.refresh(service.database_url)
    order = world.order(tenant, 77_00, paid_at=now - timedelta(days=1))
    add_line(world, tenant, order, "=SUM(A1)", 50_00)
    return now


@pytest.mark.parametrize("measure", ["revenue", "orders", "average", "refunds"])
@pytest.mark.parametrize("query", ["range=last_7", "range=last_7&group=owner&compare=year", "range=month&by=week"])
@pytest.mark.usefixtures("app_context")
def test_each_figure_opens_the_orders_that_make_it(
    mia: Person, tenant: int, varied: datetime, measure: str, query: str
) -> None:
    found = page(mia, f"?{query}&measure={measure}")
    links = found.select(".history-live td a")
    assert len(links) >= 8
    shown = read_tenant(tenant)
    seen = dict.fromkeys((link.text, str(link["href"])) for link in links)
    for value, href in seen:
        address = {name: values[0] for name, values in parse_qs(urlsplit(href).query).items()}
        asked = order_parameters.parse(address, shown, varied, "en_GB")
        assert asked.problems == {}
        totals = order_search.read(shown, asked.filter).totals
        orders, sum_minor = (totals.orders, totals.sum_minor) if totals else (0, 0)
        expected = {"orders": orders, "average": round(sum_minor / orders + 1e-9) if orders else 0}.get(
            measure, sum_minor
        )
        assert minor(value) == expected, (value, href)
    db.session.rollback()


def test_the_rows_of_salespeople_and_periods_add_up_to_the_total(mia: Person, varied: datetime) -> None:
    by_day = page(mia, "?range=last_7")
    rows = [minor(row.select_one("td").text) for row in by_day.select("tbody tr")]  # type: ignore[union-attr]
    assert len(rows) == 7
    assert sum(rows) == minor(text(by_day, "tfoot td"))
    by_owner = page(mia, "?range=last_7&group=owner")
    assert by_owner.select_one("tfoot td").text.strip() == by_day.select_one("tfoot td").text.strip()  # type: ignore[union-attr]
    people = [minor(row.select_one("td").text) for row in by_owner.select(".history-table tbody tr")]  # type: ignore[union-attr]
    assert sum(people) == sum(rows)
    assert "Unassigned" in by_owner.text


@pytest.mark.parametrize("query", ["range=last_7", "range=last_7&group=owner", "range=last_30&by=week&group=product"])
def test_the_file_adds_up_to_the_page(mia: Person, varied: datetime, query: str) -> None:
    total = minor(text(page(mia, f"?{query}"), "#total td"))
    response = mia.get(f"/history.csv?{query}")
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert re.fullmatch(r'attachment; filename="history-acme-[-\d]+\.csv"', response.headers["Content-Disposition"])
    assert response.data.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(response.data.decode("utf-8-sig"))))
    assert round(sum(float(row["Revenue"]) for row in rows) * 100) == total
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\d", row["From"]) and row["Currency"] == "EUR" for row in rows)
    assert [row["Unfinished"] for row in rows][-1] == "yes"
    if "product" in query:
        assert {row["Product"] for row in rows} == {"'=SUM(A1)", "Shipping, refunds and other"}


def test_the_chart_has_the_figures_of_the_table(mia: Person, varied: datetime) -> None:
    found = page(mia, "?range=last_7")
    data = json.loads(text(found, "#history-chart-data"))
    assert len(data["labels"]) == len(data["series"][0]["values"]) == len(data["compared"]["values"]) == 7
    shown = [minor(row.select_one("td").text) for row in found.select("tbody tr")][::-1]  # type: ignore[union-attr]
    assert [round(abs(value) * 100) for value in data["series"][0]["values"]] == [abs(value) for value in shown]
    assert data["unfinished"]
    grouped = json.loads(text(page(mia, "?range=last_7&group=owner"), "#history-chart-data"))
    assert (len(grouped["series"]), grouped["compared"]) == (4, None)


@pytest.mark.parametrize(
    ("query", "message", "chosen"),
    [
        ("range=decade&measure=orders", "range is “decade”, which is not valid. Use one of: today,", "orders"),
        ("by=hour&measure=orders", "by is “hour”, which is not valid. Use one of: day, week, month.", "orders"),
        ("from=2026-13-01&measure=orders", "The date “2026-13-01” is not valid. Write it like", "orders"),
        ("from=2026-11-20&to=2026-11-01", "The range ends on 2026-11-01, before it begins on 2026-11-20.", "revenue"),
        ("group=product&measure=refunds", "Refunds by product is not known", "revenue"),
        ("from=2001-01-01&to=2025-01-01&by=day", "more than 800 periods by day", "revenue"),
    ],
)
def test_a_value_that_is_not_valid_is_named_and_the_rest_is_kept(
    ana: Person, query: str, message: str, chosen: str
) -> None:
    found = page(ana, f"?{query}", 400)
    assert message in text(found, ".history-problems")
    selected = found.select_one("#measure option[selected]")
    assert selected is not None
    assert selected["value"] == chosen
    assert "data-topics" not in found.select_one("#history_page").attrs  # type: ignore[union-attr]
    assert ana.get(f"/history.csv?{query}").status_code == 400
    assert ana.get(f"/panels/history/page?{query}").status_code == 400


def test_a_range_without_orders_offers_another_one(ana: Person) -> None:
    found = page(ana, "?from=2020-01-01&to=2020-01-31")
    assert text(found, ".history-empty") == "No orders between 1 Jan 2020 and 31 Jan 2020.Choose another range."
    assert found.select_one("#history-chart-data") is None


def test_only_a_range_with_today_is_live(ana: Person) -> None:
    def topics(query: str) -> object:
        return page(ana, query).select_one("#history_page").get("data-topics")  # type: ignore[union-attr]

    assert topics("?range=month") == topics("?range=all") == "orders rollups day minute"
    assert topics("?range=yesterday") is None
    assert topics("?range=last_month") is None


def test_the_live_part_follows_each_commit(ana: Person, world: World, tenant: int, service: Service) -> None:
    refresh.refresh(service.database_url)
    first = ana.get("/panels/history/page?range=today")
    assert "No orders between" in first.text
    assert (
        ana.get("/panels/history/page?range=today", headers={"If-None-Match": first.headers["ETag"]}).status_code == 304
    )


def test_without_a_ranking_salespeople_are_in_the_order_of_their_names(
    mia: Person, world: World, varied: datetime
) -> None:
    world.conn.execute("UPDATE tenants SET shows_ranking = false")
    rows = page(mia, "?range=last_7&group=owner").select(".history-table tbody th")
    assert [row.text for row in rows] == ["Ana Silva", "Ben Okafor", "Cem Left", "Unassigned"]


def test_weeks_begin_on_monday_in_every_locale(service: Service, world: World, mia: Person) -> None:
    world.conn.execute("UPDATE tenants SET locale = 'en_US', timezone = 'America/New_York'")
    world.order(1, 100, paid_at="2026-11-03 12:00-05", placed_at="2026-11-03 12:00-05")
    refresh.refresh(service.database_url)
    found = page(mia, "?from=2026-11-01&to=2026-11-14&by=week")
    assert len(found.select("tbody tr")) == 3, "Sunday 1 November belongs to the week before"
