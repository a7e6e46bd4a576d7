"""The CSV file of the orders list: its rows are those of the list, its cells are plain and safe to open."""

from __future__ import annotations

import pytest
from flask import Flask

from webapp.order_export import orders_csv

from ..support.browser import Person
from ..support.csv_pages import download
from ..support.world import World


@pytest.fixture
def person(app: Flask, acme: int, manager: int) -> Person:
    return Person(app, manager)


def numbers(person: Person, query: str = "") -> list[str]:
    return [row["Order number"] for row in download(person, f"/orders.csv{query}")]


def test_a_row_has_the_orders_values_in_plain_form(person: Person, world: World, acme: int, manager: int) -> None:
    world.order(
        acme, 123456, number="A-1", customer="Łódź & Söhne, „x“", owner_id=manager, refunded_minor=50,
        placed_at="2026-11-26 13:30:05.25+00", paid_at="2026-07-01 10:00+00", refunded_at="2026-11-27 00:00+00",
    )  # fmt: skip
    (row,) = download(person)
    assert row == {
        "Order number": "A-1",
        "Customer": "Łódź & Söhne, „x“",
        "Salesperson": "Ana Silva",
        "Salesperson email": f"ana.{acme}@example.com",
        "Status": "paid",
        "Currency": "EUR",
        "Total": "1234.56",
        "Refunded": "0.50",
        "Placed at": "2026-11-26 14:30:05.250000+01:00",
        "Paid at": "2026-07-01 12:00:00+02:00",
        "Shipped at": "",
        "Cancelled at": "",
        "Refunded at": "2026-11-27 01:00:00+01:00",
    }


def test_the_file_has_the_orders_of_the_filter_newest_first(
    person: Person, world: World, acme: int, manager: int
) -> None:
    ben = world.user(acme, "Ben Okafor")
    for number, customer, owner, paid in (
        ("A1", "Hotel Adler", manager, None),
        ("A2", "Hotel Post", ben, "2026-01-01"),
        ("B3", "Café Adler", None, "2026-01-01"),
    ):
        world.order(acme, number=number, customer=customer, owner_id=owner, paid_at=paid)
    assert numbers(person) == ["B3", "A2", "A1"]
    assert numbers(person, "?q=adler") == ["B3", "A1"]
    assert numbers(person, "?q=a2") == ["A2"]
    assert numbers(person, "?status=paid") == ["B3", "A2"]
    assert numbers(person, f"?owner={ben}") == ["A2"]
    assert numbers(person, f"?q=hotel&status=placed&owner={manager}") == ["A1"]
    assert numbers(person, "?q=nothing") == []


@pytest.mark.parametrize(
    "query", ["", "?q=customer", "?status=placed", "?owner={ana}", "?lines=1", "?q=customer&lines=1"]
)
def test_pages_join_without_gaps_and_repeats(
    person: Person, world: World, acme: int, manager: int, query: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(orders_csv, "PAGE_ORDERS", 7)
    monkeypatch.setattr(orders_csv, "PAGE_ORDERS_WITH_LINES", 3)
    # Many orders of one moment: the pages continue by moment and id.
    world.conn.execute(
        "INSERT INTO orders (tenant_id, number, customer, owner_id, currency, total_minor, placed_at)"
        " SELECT %s, 'N' || n, 'Customer ' || n, %s, 'EUR', n, timestamptz '2026-11-01' + n / 10 * interval '1 hour'"
        " FROM generate_series(1, 50) AS n",
        [acme, manager],
    )
    assert numbers(person, query.format(ana=manager)) == [f"N{n}" for n in range(50, 0, -1)]


def test_a_salesperson_downloads_what_the_list_shows_without_addresses(app: Flask, world: World, acme: int) -> None:
    ben = world.user(acme, "Ben Okafor")
    world.order(acme, number="A1", owner_id=world.user(acme, "Cleo Brandt"))
    (row,) = download(Person(app, ben))
    assert (row["Order number"], row["Salesperson"]) == ("A1", "Cleo Brandt")
    assert "Salesperson email" not in row


def test_another_tenants_orders_and_lines_are_not_in_the_file(person: Person, world: World, acme: int) -> None:
    other = world.tenant("other")
    theirs = world.order(other, number="SECRET", owner_id=world.user(other, "Stan Secret"))
    world.conn.execute("INSERT INTO order_lines VALUES (%s, %s, 1, '', 'secret', 1, 100, 100)", [other, theirs])
    world.order(acme, number="OURS")
    for path in ("/orders.csv", "/orders.csv?lines=1", "/orders.csv?q=secret", "/orders.csv?q=ours"):
        assert b"secret" not in person.get(path).data.lower(), path
    assert numbers(person) == ["OURS"]


@pytest.mark.parametrize("text", ["=1+1", "+49 30 1", "-x", "@SUM(A1)", "'=1+1", '=HYPERLINK("http://a.b","c")'])
def test_a_text_that_a_spreadsheet_would_compute_gets_an_apostrophe(
    person: Person, world: World, acme: int, text: str
) -> None:
    order = world.order(acme, number=text[:60], customer=text)
    world.conn.execute("INSERT INTO order_lines VALUES (%s, %s, 1, %s, %s, 1, 100, 100)", [acme, order, text, text])
    (row,) = download(person, "/orders.csv?lines=1")
    assert (row["Order number"], row["Customer"], row["SKU"], row["Product"]) == ("'" + text[:60], *["'" + text] * 3)


def test_lines_are_one_row_each_and_an_order_without_lines_keeps_its_row(
    person: Person, world: World, acme: int
) -> None:
    plain, full = world.order(acme, 500, number="PLAIN"), world.order(acme, 1000, number="FULL")
    world.conn.execute(
        "INSERT INTO order_lines VALUES (%(t)s, %(o)s, 1, 'K-1', 'Coffee', 2, 250, 500),"
        " (%(t)s, %(o)s, 2, '', 'Tea', 1.5, 333, 450)",
        {"t": acme, "o": full},
    )
    rows = download(person, "/orders.csv?lines=1")
    shown = ("Order number", "Total", "SKU", "Product", "Quantity", "Unit price", "Line discount")
    assert [tuple(row[name] for name in shown) for row in rows] == [
        ("FULL", "10.00", "K-1", "Coffee", "2", "2.50", ""),
        ("FULL", "10.00", "", "Tea", "1.5", "3.33", "0.50"),
        ("PLAIN", "5.00", "", "", "", "", ""),
    ]
    assert plain < full


@pytest.mark.parametrize(("currency", "total"), [("JPY", "123456"), ("KWD", "123.456")])
def test_amounts_have_the_digits_of_the_currency(app: Flask, world: World, currency: str, total: str) -> None:
    tenant = world.tenant("other", currency=currency, timezone="Asia/Kathmandu")
    world.order(tenant, 123456, currency=currency, placed_at="2026-01-01 00:00+00")
    (row,) = download(Person(app, world.user(tenant)))
    assert (row["Total"], row["Placed at"]) == (total, "2026-01-01 05:45:00+05:45")


def test_a_time_whose_offset_had_seconds_is_in_utc(app: Flask, world: World) -> None:
    tenant = world.tenant("other", timezone="Africa/Monrovia")  # -00:44:30 until 1972
    world.order(tenant, placed_at="1970-01-01 00:00+00")
    (row,) = download(Person(app, world.user(tenant)))
    assert row["Placed at"] == "1970-01-01 00:00:00+00:00"
