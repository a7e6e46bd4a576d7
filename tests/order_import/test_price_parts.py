"""Amounts beside the price: known by their names, and never passed over in silence."""

from __future__ import annotations

import pytest

from webapp.order_import import price_parts

from ..support.imports import Importer


@pytest.mark.parametrize(
    "name",
    [
        *(
            "Discount Amount",
            "item-tax",
            "shipping-price",
            "item-promotion-discount",
            "VAT",
            "Taxes",
            "ShippingCost",
            "MwSt",
        ),
        *("Versand", "Rabatt", "Tip", "Gift Wrap Price", "gst amount", "Handling", "taxamount"),
    ],
)
def test_amounts_beside_the_price_are_known_by_their_names(name: str) -> None:
    assert price_parts.of([name]) == [name]


@pytest.mark.parametrize(
    "name",
    [
        *("Shipping Name", "Shipping Address", "Shipping Method", "Tax ID", "Discount Code", "Coupon code", "Tax Rate"),
        *("Delivery Date", "Shipping Country", "Total", "Quantity", "Product", "Taxable", "Syntax", "Delivery Status"),
    ],
)
def test_other_columns_are_not_taken_for_amounts(name: str) -> None:
    assert price_parts.of([name]) == []


def test_without_a_total_every_unread_part_of_the_price_is_named(importer: Importer) -> None:
    importer.tenant()
    header = "number,customer,placed_at,product,quantity,price,item-tax,shipping-price,item-promotion-discount"
    result = importer.load("A1,T,2026-01-02,Tea,1,5.00,1.00,2.00,0.50", header=header)
    assert result.exit_code == 2
    assert "its columns 'item-tax' and 'shipping-price' and 'item-promotion-discount' may be part" in result.output


def test_with_a_total_the_summary_names_the_amounts_that_are_not_added(importer: Importer) -> None:
    importer.tenant()
    result = importer.load(
        "A1,T,2026-01-02,5.00,1.00,DHL", header="number,customer,placed_at,total,tax,shipping method"
    )
    assert result.exit_code == 0, result.output
    assert "amounts    total=total is the whole price; not added: tax" in result.output
