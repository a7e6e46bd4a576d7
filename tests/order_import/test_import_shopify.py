"""Shopify's orders export: several rows per order; only the first has the totals."""

from __future__ import annotations

import csv
from datetime import datetime

import pytest

from ..support.imports import Importer
from ..support.world import World

COLUMNS = [
    "Name",
    "Email",
    "Financial Status",
    "Paid at",
    "Fulfillment Status",
    "Fulfilled at",
    "Accepts Marketing",
    "Currency",
    "Subtotal",
    "Shipping",
    "Taxes",
    "Total",
    "Discount Code",
    "Discount Amount",
    "Shipping Method",
    "Created at",
    "Lineitem quantity",
    "Lineitem name",
    "Lineitem price",
    "Lineitem compare at price",
    "Lineitem sku",
    "Lineitem requires shipping",
    "Lineitem taxable",
    "Lineitem fulfillment status",
    "Billing Name",
    "Billing Street",
    "Billing Phone",
    "Shipping Name",
    "Notes",
    "Note Attributes",
    "Cancelled at",
    "Payment Method",
    "Payment Reference",
    "Refunded Amount",
    "Vendor",
    "Outstanding Balance",
    "Employee",
    "Location",
    "Device ID",
    "Id",
    "Tags",
    "Risk Level",
    "Source",
    "Lineitem discount",
    "Tax 1 Name",
    "Tax 1 Value",
    "Phone",
]
FIRST = {
    "Name": "#1001", "Email": "jo@buyer.example", "Financial Status": "paid", "Paid at": "2024-03-01 10:15:30 +0100",
    "Fulfillment Status": "fulfilled", "Fulfilled at": "2024-03-02 09:00:00 +0100", "Currency": "EUR", "Subtotal": "30.00",
    "Shipping": "4.90", "Taxes": "5.57", "Total": "34.90", "Discount Amount": "2.00", "Created at": "2024-03-01 10:15:00 +0100",
    "Lineitem quantity": "2", "Lineitem name": "Tea - 100 g", "Lineitem price": "10.00", "Lineitem sku": "TEA-100",
    "Billing Name": "Jo Buyer", "Shipping Name": "Jo's Mother", "Vendor": "Teas Ltd", "Refunded Amount": "4.90",
    "Outstanding Balance": "0.00", "Lineitem discount": "2.00",
}  # fmt: skip
NEXT = {
    "Name": "#1001", "Email": "jo@buyer.example", "Created at": "2024-03-01 10:15:00 +0100", "Lineitem quantity": "1",
    "Lineitem name": "Cup", "Lineitem price": "12.00", "Vendor": "Cups Ltd", "Lineitem discount": "0.00",
}  # fmt: skip


def write(importer: Importer, *rows: dict[str, str]) -> None:
    with importer.path.open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)


def test_an_order_has_the_totals_of_its_first_row_and_the_items_of_all(importer: Importer, world: World) -> None:
    importer.tenant()
    write(importer, FIRST, NEXT)
    result = importer.run("--format", "shopify")
    assert result.exit_code == 0, result.output
    assert importer.orders("number", "customer", "total_minor", "refunded_minor", "status", "source", "owner_id") == [
        ("#1001", "Jo Buyer", 3490, 490, "shipped", "shopify", None)
    ]
    assert importer.orders("placed_at AT TIME ZONE 'UTC'", "paid_at - placed_at = '30 s'") == [
        (datetime(2024, 3, 1, 9, 15), True)
    ]
    assert importer.lines() == [
        ("#1001", 1, "TEA-100", "Tea - 100 g", 2.0, 1000, 1800),
        ("#1001", 2, "", "Cup", 1.0, 1200, 1200),
    ]
    assert "unchanged  1 orders" in importer.run("--format", "shopify").output


@pytest.mark.parametrize(
    ("change", "columns"),
    [
        ({"Financial Status": "pending", "Paid at": "", "Refunded Amount": "0.00"}, ("Jo Buyer", "shipped")),
        ({"Fulfillment Status": "partial"}, ("Jo Buyer", "paid")),
        ({"Cancelled at": "2024-03-03 08:00:00 +0100"}, ("Jo Buyer", "cancelled")),
        ({"Financial Status": "refunded", "Refunded Amount": "34.90"}, ("Jo Buyer", "refunded")),
        ({"Billing Name": ""}, ("Jo's Mother", "shipped")),
        ({"Billing Name": "", "Shipping Name": ""}, ("jo@buyer.example", "shipped")),
        ({"Billing Name": "", "Shipping Name": "", "Email": ""}, ("No customer", "shipped")),
    ],
)
def test_the_status_and_the_customer_come_from_the_first_row(
    importer: Importer, change: dict[str, str], columns: tuple[str, str]
) -> None:
    importer.tenant()
    write(importer, FIRST | change, NEXT)
    result = importer.run("--format", "shopify")
    assert result.exit_code == 0, result.output
    assert importer.orders("customer", "status") == [columns]


def test_the_employee_is_found_by_name(importer: Importer, world: World) -> None:
    ana = world.user(importer.tenant(), "Ana Silva")
    write(importer, FIRST | {"Employee": "Ana Silva"}, NEXT)
    importer.run("--format", "shopify")
    assert importer.orders("owner_id") == [(ana,)]


def test_an_order_without_its_first_row_or_with_an_invalid_item_is_rejected(importer: Importer) -> None:
    importer.tenant()
    write(
        importer,
        NEXT | {"Name": "#1"},
        FIRST | {"Name": "#2"},
        NEXT | {"Name": "#2", "Lineitem price": "free"},
        FIRST,
        NEXT,
    )
    assert importer.run("--format", "shopify").exit_code == 1
    reasons = importer.reasons()
    assert reasons[2] == "the customer is empty; the order date is empty"
    assert reasons[3].startswith("line 4 of this order was rejected")
    assert "Lineitem price 'free' is not a number" in reasons[4]
    assert importer.orders("number") == [("#1001",)]


def test_another_kind_of_file_is_refused_as_shopify(importer: Importer) -> None:
    importer.tenant()
    result = importer.load("A1,Toms,2026-01-02,1.00", options=("--format", "shopify"))
    assert result.exit_code == 2
    assert "This is not Shopify's orders export: it has no column Name, Created at, Financial Status" in result.output
