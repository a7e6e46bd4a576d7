"""The filters of the orders page: form, chips, count and sum, the empty state, bad values, and the CSV file."""

from __future__ import annotations

import csv
import io
from typing import Any
from urllib.parse import unquote

import pytest

from ..support.browser import Person, fields
from ..support.world import World


@pytest.fixture
def orders(world: World, tenant: int, ana: Person) -> None:
    """Four orders of November 2026; Ana has the id 1."""
    world.order(tenant, 10_000, number="A-1", owner_id=1, placed_at="2026-11-01 12:00", paid_at="2026-11-05 12:00")
    world.order(tenant, 20_050, number="A-2", owner_id=1, placed_at="2026-11-02 12:00", source="form")
    world.order(tenant, 30_000, number="A-3", placed_at="2026-11-03 12:00", paid_at="2026-11-03 12:00", source="form")
    world.order(tenant, 5, number="A-4", placed_at="2026-11-04 12:00", paid_at="2026-11-04", shipped_at="2026-11-06")


def listed(page: Any) -> list[str]:
    return [a.get_text() for a in page.select("#orders-rows a")]


def totals(page: Any) -> str:
    return str(page.select_one("#orders-totals").get_text())


@pytest.mark.parametrize(
    ("query", "numbers", "text"),
    [
        ("", ["A-4", "A-3", "A-2", "A-1"], "4 orders · €600.55"),
        ("from=2026-11-02&to=2026-11-03", ["A-3", "A-2"], "2 orders · €500.50"),
        ("by=paid", ["A-1", "A-4", "A-3"], "3 orders · €400.05"),
        ("by=paid&from=2026-11-05", ["A-1"], "1 order · €100.00"),
        ("by=shipped&to=2026-11-06", ["A-4"], "1 order · €0.05"),
        ("by=revenue&from=2026-11-04", ["A-1", "A-4"], "2 orders · €100.05 revenue"),
        ("status=to_ship", ["A-3", "A-1"], "2 orders · €400.00"),
        ("status=open&owner=1", ["A-2", "A-1"], "2 orders · €300.50"),
        ("owner=none", ["A-4", "A-3"], "2 orders · €300.05"),
        ("min=100&max=200.50", ["A-2", "A-1"], "2 orders · €300.50"),
        ("source=form", ["A-3", "A-2"], "2 orders · €500.50"),
        ("q=ana&source=form", ["A-2"], "1 order · €200.50"),
    ],
)
def test_the_page_its_totals_and_the_csv_file_follow_the_filters(
    ana: Person, orders: None, query: str, numbers: list[str], text: str
) -> None:
    page = ana.page(f"/orders?{query}")
    assert (listed(page), totals(page)) == (numbers, text)
    file = csv.DictReader(io.StringIO(ana.get(f"/orders.csv?{query}").text.removeprefix("\ufeff")))
    assert [row["Order number"] for row in file] == numbers
    list_ = page.select_one("#orders_list")
    assert list_ is not None
    assert listed(ana.page(str(list_["hx-get"]))) == numbers, "the list refetches itself with its filters"


def test_the_form_keeps_the_filters_and_each_chip_removes_one(ana: Person, orders: None) -> None:
    query = {"q": "a", "status": "open", "owner": "1", "by": "paid", "range": "last_30", "min": "1.50", "source": "sql"}
    page = ana.page("/orders?" + "&".join(f"{name}={value}" for name, value in query.items()))
    form = page.select_one("form[role=search]")
    assert form is not None
    assert {name: value for name, value in fields(form).items() if value} == query
    chips = {chip.get_text(" ", strip=True): str(chip["href"]) for chip in page.select(".filter-chip")}
    assert list(chips) == [
        "Remove Search: a",
        "Remove Paid: Last 30 days",
        "Remove Status: Open",
        "Remove Salesperson: Ana Silva",
        "Remove Total: at least €1.50",
        "Remove Source: SQL",
    ]
    assert chips["Remove Paid: Last 30 days"] == "/orders?q=a&status=open&owner=1&min=1.50&source=sql"
    clear = page.select_one(".filter-clear")
    assert clear is not None
    assert clear["href"] == "/orders"


def test_the_empty_list_names_the_filters_and_offers_to_remove_each(ana: Person, orders: None) -> None:
    page = ana.page("/orders?status=cancelled&owner=none&from=2026-11-01&to=2026-11-01")
    note = page.select_one("#orders_list .empty-note")
    assert note is not None
    assert "Placed: 1 Nov 2026 · Status: Cancelled · Salesperson: Unassigned" in note.get_text(" ", strip=True)
    links = {a.get_text(): str(a["href"]) for a in note.select("a")}
    assert links["Without status"] == "/orders?from=2026-11-01&to=2026-11-01&owner=none"
    assert links["Show all orders"] == "/orders"


def test_bad_values_are_named_on_the_page_and_keep_what_was_typed(ana: Person, orders: None) -> None:
    page = ana.page("/orders?min=ten&to=2026-11-31", 400)
    alert, amount = page.select_one("[role=alert]"), page.select_one("#min")
    assert alert is not None
    assert amount is not None
    assert "'ten' is not an amount of money. Write it like 1234.50." in alert.get_text()
    assert "'2026-11-31' is not valid" in alert.get_text()
    assert (amount["value"], amount["aria-invalid"], amount["aria-describedby"]) == ("ten", "true", "min-problem")
    for path in ("/orders.csv?min=ten", "/panels/orders?min=ten", "/panels/orders/rows?ids=1&since=1&min=ten"):
        assert ana.get(path).status_code == 400, path


def test_the_text_of_a_filter_is_escaped(ana: Person, orders: None) -> None:
    hostile = ana.get("/orders", query_string={"source": "<script>x", "owner": "<b>", "from": "<i>"})
    assert "<script>x" not in hostile.text
    assert "<b>" not in hostile.text


def test_rows_in_place_come_with_count_and_sum_and_the_number_of_new_orders(
    ana: Person, orders: None, world: World, tenant: int
) -> None:
    world.order(tenant, 100, number="NEW", paid_at="now()", placed_at="2026-11-01")
    since = int((world.now().timestamp() - 60) * 1000)
    response = ana.get(f"/panels/orders/rows?ids=1,2&since={since}&by=paid")
    assert response.headers["Doorbell-New"] == "1", "paid since, though placed before"
    assert unquote(response.headers["Doorbell-Totals"]) == "4 orders · €401.05"
    assert ana.get(f"/panels/orders/rows?ids=1,2&since={since}").headers["Doorbell-New"] == "0"


def test_the_time_of_a_row_is_the_one_that_the_dates_concern(ana: Person, orders: None) -> None:
    page = ana.page("/orders?by=shipped")
    times = [time["datetime"][:10] for time in page.select("#orders-rows time")]
    assert times == ["2026-11-06"]
    heading = page.select_one("thead .order-placed")
    assert heading is not None
    assert heading.get_text() == "Shipped"


def test_a_tenant_sees_only_its_own_sources(ana: Person, orders: None, world: World) -> None:
    world.order(world.tenant("other"), source="secret-shop")
    page = ana.page("/orders")
    assert [option["value"] for option in page.select("#source option")] == ["", "form", "sql"]
