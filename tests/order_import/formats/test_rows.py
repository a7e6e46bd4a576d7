"""Rows of formats that are not plain orders: refunds alone, removed items, carried numbers, zones."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from webapp.order_import.errors import ValueInvalid
from webapp.order_import.formats.items import percent
from webapp.order_import.formats.zone_names import iana

from ...support.imports import Importer

SHOPIFY = (
    "Name,Email,Financial Status,Paid at,Fulfillment Status,Fulfilled at,Currency,Total,Created at,Lineitem quantity,"
    "Lineitem name,Lineitem price,Billing Name,Cancelled at,Refunded Amount,Outstanding Balance"
)
STRIPE = "id,Created (UTC),Amount,Amount Refunded,Currency,Status,Customer Email"
ODOO = '"Order Reference","Order Date","Customer","Order Lines/Product","Order Lines/Quantity","Order Lines/Unit Price"'
PAYPAL = "Date,Time,TimeZone,Name,Type,Status,Currency,Gross,Transaction ID,Reference Txn ID"
AMAZON = (
    "amazon-order-id\tpurchase-date\torder-status\tproduct-name\tsku\tquantity\tcurrency\titem-price\titem-tax"
    "\tshipping-price"
)


def test_shopifys_export_is_recognised_and_a_part_shipment_is_not_shipped(importer: Importer) -> None:
    importer.tenant()
    row = "#1,d@x.example,paid,2026-11-20 10:00:02 +0100,partial,2026-11-21 09:00:00 +0100,EUR,30,2026-11-20 10:00:00 +0100"
    result = importer.load(f"{row},2,Lamp,15,Di,,0,0", header=SHOPIFY)
    assert "This looks like Shopify's orders export." in result.output
    assert importer.orders("status", "shipped_at", "source") == [("paid", None, "shopify")]


def test_a_part_payment_is_stated_in_the_summary(importer: Importer) -> None:
    importer.tenant()
    result = importer.load(
        "#1,d@x.example,partially_paid,,unfulfilled,,EUR,100,2026-11-20 10:00:00 +0100,1,Chair,100,Bo,,0,60",
        header=SHOPIFY,
    )
    assert importer.orders("status") == [("placed",)]
    assert "1 order partially paid; what came in is not counted" in result.output


def test_a_refunded_order_without_a_time_of_payment_was_paid_when_it_was_placed(importer: Importer) -> None:
    importer.tenant()
    result = importer.load(
        "#1,d@x.example,refunded,,fulfilled,,EUR,30,2026-11-20 10:00:00 +0100,2,Lamp,15,Di,,0,0",
        "#2,d@x.example,refunded,,fulfilled,,EUR,30,2026-11-20 10:00:00 +0100,2,Lamp,15,Di,,30,0",
        header=SHOPIFY,
    )
    assert result.exit_code == 0, result.output
    assert importer.orders("refunded_minor", "status", "paid_at = placed_at") == [(3000, "refunded", True)] * 2
    assert "payment times are taken from Created at (2 rows)" in result.output


def test_an_item_with_quantity_0_is_left_out_of_its_order_and_counted(importer: Importer) -> None:
    importer.tenant()
    result = importer.load(
        "#1,d@x.example,paid,2026-11-20 10:00:02 +0100,unfulfilled,,EUR,10,2026-11-20 10:00:00 +0100,1,Mug,10,Ada,,0,0",
        "#1,d@x.example,,,,,,,2026-11-20 10:00:00 +0100,0,Removed poster,25,,,,",
        header=SHOPIFY,
    )
    assert result.exit_code == 0, result.output
    assert [line[3] for line in importer.lines()] == ["Mug"]
    assert "items with quantity 0 in their orders (1)" in result.output


def test_the_zone_of_a_columns_name_counts(importer: Importer) -> None:
    importer.tenant()
    importer.load("ch_1,2026-11-20 23:30,120.00,0.00,eur,Paid,a@x.example", header=STRIPE)
    assert importer.orders("placed_at") == [(datetime(2026, 11, 20, 23, 30, tzinfo=UTC),)]


def test_a_failed_payment_is_not_an_order_and_mapped_columns_keep_the_format(importer: Importer) -> None:
    importer.tenant()
    result = importer.load(
        "ch_1,2026-11-20 23:30,120.00,20.00,eur,Paid,a@x.example",
        "ch_2,2026-11-20 23:30,80.00,0.00,eur,Failed,b@x.example",
        header=STRIPE,
        options=("--map", "number=id", "--map", "customer=Customer Email", "--map", "placed_at=Created (UTC)"),
    )
    assert result.exit_code == 0, result.output
    assert importer.orders("number", "total_minor", "refunded_minor", "status") == [("ch_1", 12000, 2000, "paid")]
    assert "Failed = not an order (1)" in result.output


def test_a_row_without_a_number_belongs_to_the_order_above(importer: Importer) -> None:
    importer.tenant()
    assert (
        importer.load(
            '"S1","2026-11-20 09:00","Azure","Desk",1.0,100.0', '"","","","Lamp",1.0,15.0', header=ODOO
        ).exit_code
        == 0
    )
    assert importer.orders("number", "total_minor") == [("S1", 11500)]


def test_an_invalid_item_rejects_the_order_that_it_is_carried_to(importer: Importer) -> None:
    importer.tenant()
    result = importer.load(
        *('"S1","2026-11-20 09:00","Azure","Desk",1.0,100.0', '"","","","Lamp",1.0,much'),
        *('"S2","2026-11-20 09:00","Deco","Desk",1.0,100.0', '"","","","Lamp",1.0,15.0,7,8'),
        header=ODOO,
    )
    assert result.exit_code == 2, result.output
    assert importer.orders() == []
    assert set(importer.reasons()) == {2, 3, 4, 5}


def test_a_refund_belongs_to_its_payment_and_alone_it_is_rejected(importer: Importer) -> None:
    importer.tenant()
    result = importer.load(
        "2026-11-20,14:30:00,PST,Ana,Payment,Completed,EUR,50.00,T1,",
        "2026-11-21,14:30:00,PST,Ana,Refund,Completed,EUR,-20.00,T2,T1",
        "2026-11-21,14:30:00,PST,Bo,Refund,Completed,EUR,-20.00,T3,T0",
        "2026-11-21,15:30:00,PST,Parcels,Payment,Completed,EUR,-6.00,T4,",
        header=PAYPAL,
    )
    assert result.exit_code == 1, result.output
    assert importer.orders("number", "total_minor", "refunded_minor") == [("T1", 5000, 2000)]
    assert importer.orders("placed_at") == [(datetime(2026, 11, 20, 22, 30, tzinfo=UTC),)]
    assert list(importer.reasons()) == [4]
    assert "left out   rows of money that went out (1)" in result.output
    assert "rows that are not orders" not in result.output


def test_the_price_of_an_amazon_row_is_of_all_units_with_shipping_added(importer: Importer) -> None:
    importer.tenant()
    importer.load(
        "302-1\t2026-11-20T08:00:00+00:00\tShipped\tMug\tMUG\t3\tEUR\t30.00\t4.79\t5.00",
        "302-2\t2026-11-20T08:00:00+00:00\tCancelled\tPrint\tPRI\t0\tEUR\t\t\t",
        header=AMAZON,
    )
    assert importer.orders("total_minor", "status") == [(3500, "shipped"), (0, "cancelled")]
    assert importer.lines() == [("302-1", 1, "MUG", "Mug", 3.0, 1000, 3000)]


def test_postage_of_amazons_british_report_is_added(importer: Importer) -> None:
    importer.tenant(currency="GBP")
    header = "date/time,settlement id,type,order id,sku,description,quantity,product sales,postage credits,total"
    importer.load("20 Nov 2026 09:00:00 UTC,1,Order,203-1,MUG,Mug,1,10.00,3.50,11.20", header=header)
    assert importer.orders("number", "total_minor", "status") == [("203-1", 1350, "paid")]


def test_a_refund_of_all_items_with_their_taxes_refunds_the_order_in_full(importer: Importer) -> None:
    importer.tenant(currency="USD")
    header = "Date,Time,Time Zone,Item,Qty,Price Point Name,SKU,Gross Sales,Discounts,Net Sales,Tax,Transaction ID,Event Type"
    importer.load(
        "2026-11-20,10:00:00,Arizona,Mug,2,,M,$10.00,$0.00,$10.00,$0.90,T1,Payment",
        "2026-11-20,10:00:00,Arizona,Tea,1,,T,$5.00,-$1.00,$4.00,$0.36,T1,Payment",
        "2026-11-22,10:00:00,Arizona,Mug,2,,M,-$10.00,$0.00,-$10.00,-$0.90,T1,Refund",
        "2026-11-22,10:00:00,Arizona,Tea,1,,T,-$5.00,$1.00,-$4.00,-$0.36,T1,Refund",
        header=header,
    )
    assert importer.orders("total_minor", "refunded_minor", "status") == [(1526, 1526, "refunded")]


def test_an_unknown_zone_rejects_its_row(importer: Importer) -> None:
    importer.tenant()
    importer.load("2026-11-20,14:30:00,Moon,Ana,Payment,Completed,EUR,50.00,T1,", header=PAYPAL)
    assert "'Moon' is not a known time zone" in importer.reasons()[2]


@pytest.mark.parametrize(
    ("name", "zone"),
    [("PST", "Etc/GMT+8"), ("cet", "Etc/GMT-1"), ("Europe/Berlin", "Europe/Berlin"), ("Arizona", "America/Phoenix")],
)
def test_names_of_zones_are_known(name: str, zone: str) -> None:
    assert iana(name) == zone
    with pytest.raises(ValueInvalid):
        iana("Nowhere")


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("15.0", "0.15"),
        ("5", "0.05"),
        ("12,5", "0,125"),
        ("100", "1"),
        ("0.0", "0"),
        ("7.5 %", "0.075"),
        ("half", "half"),
    ],
)
def test_per_cent_become_rates(text: str, rate: str) -> None:
    assert percent(text) == rate


def test_an_unknown_word_of_a_recognised_format_names_the_generic_one(importer: Importer) -> None:
    importer.tenant()
    result = importer.load("ch_1,2026-11-20 23:30,120.00,20.00,eur,Dancing,a@x.example", header=STRIPE)
    assert result.exit_code == 2
    assert "Status 'Dancing' (1)" in result.output
    assert "If the file is not Stripe's export of charges, use --format csv." in result.output
