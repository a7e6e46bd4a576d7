"""Each format's export goes in by its header alone, with the right sums; the exports here are made up."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from pathlib import Path

import pytest

from webapp.order_import.columns import FIELDS
from webapp.order_import.formats.matching import missing
from webapp.order_import.formats.registry import FORMATS, header_names, recognise
from webapp.order_import.orders_file import OrdersFile

from ...support.imports import Importer

EXPORTS = Path(__file__).parent / "exports"


@dataclass(frozen=True)
class Sums:
    """Of the orders in the database: amounts in minor units; revenue is what was paid less what was refunded."""

    orders: int
    paid: int
    revenue: int
    refunded: int
    shipped: int
    cancelled: int
    lines: int


@dataclass(frozen=True)
class Case:
    """An export, the sums it must give, and what it needs besides: the tenant's currency, options."""

    format: str
    sums: Sums
    currency: str = "EUR"
    options: tuple[str, ...] = ()


CASES = [
    Case("shopify", Sums(4, 2, 6490, 2000, 1, 1, 5)),
    Case("squarespace", Sums(3, 2, 6600, 2000, 1, 0, 4)),
    Case("woocommerce", Sums(5, 3, 9500, 9000, 1, 1, 0)),
    Case("woocommerce-hpos", Sums(3, 2, 8000, 1000, 1, 0, 0)),
    Case("woocommerce-aoe", Sums(3, 2, 6950, 1250, 1, 0, 4)),
    Case("woocommerce-webtoffee", Sums(3, 2, 9490, 0, 1, 0, 0)),
    Case("woocommerce-skyverge", Sums(3, 3, 7000, 3000, 1, 0, 0)),
    Case("stripe-charges", Sums(3, 3, 16990, 5500, 0, 0, 0)),
    Case("stripe-payments", Sums(3, 2, 124900, 5990, 0, 0, 0)),
    Case("square-transactions", Sums(2, 2, 121390, 1090, 0, 0, 0), currency="USD"),
    Case("square-items", Sums(2, 2, 2372, 436, 0, 0, 3), currency="USD"),
    Case("etsy-orders", Sums(3, 3, 11130, 1000, 2, 0, 0)),
    Case("etsy-items", Sums(2, 2, 9962, 0, 1, 0, 3)),
    Case("amazon-orders", Sums(4, 2, 7100, 0, 1, 1, 4)),
    Case("amazon-transactions", Sums(2, 2, 105099, 2599, 0, 0, 2), currency="USD"),
    Case("ebay-orders", Sums(3, 2, 8399, 0, 1, 0, 4), currency="USD"),
    Case("ebay-transactions", Sums(2, 2, 6660, 1000, 0, 0, 0)),
    Case("paypal", Sums(3, 2, 109999, 50000, 0, 0, 0), options=("--dates", "dmy")),
    Case("paypal-german", Sums(2, 2, 123450, 2000, 0, 0, 0)),
    Case("magento", Sums(5, 3, 18170, 4000, 1, 1, 0)),
    Case("prestashop", Sums(4, 3, 129630, 3000, 1, 0, 0)),
    Case("prestashop-sql", Sums(3, 1, 12990, 0, 1, 1, 0)),
    Case("bigcommerce", Sums(4, 3, 7500, 5500, 1, 0, 0), options=("--dates", "dmy")),
    Case("odoo", Sums(2, 0, 0, 0, 1, 1, 0)),
    Case("odoo-lines", Sums(2, 0, 0, 0, 0, 0, 3)),
    Case("northwind", Sums(2, 1, 29348, 0, 1, 0, 3)),
    Case("superstore", Sums(2, 2, 124191, 0, 2, 0, 3), currency="USD"),
]
NAMES = [case.format for case in CASES]


def export(name: str) -> Path:
    return next(EXPORTS.glob(f"{name}.*"))


def header(name: str) -> tuple[str, ...]:
    return OrdersFile.open(export(name), expected=header_names()).header


def test_each_format_has_an_export() -> None:
    assert set(NAMES) == set(FORMATS) - {"csv"}


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_an_export_goes_in_with_the_right_sums(importer: Importer, case: Case) -> None:
    importer.tenant(currency=case.currency)
    importer.path = importer.folder / export(case.format).name
    importer.path.write_bytes(export(case.format).read_bytes())
    result = importer.run(*case.options)
    assert result.exit_code == 0, result.output
    assert f"This looks like {FORMATS[case.format].title}." in result.output
    (sums,) = importer.world.conn.execute(
        "SELECT count(*), count(paid_at),"
        " coalesce(sum(total_minor - refunded_minor) FILTER (WHERE paid_at IS NOT NULL), 0)::bigint,"
        " sum(refunded_minor)::bigint, count(shipped_at), count(cancelled_at), (SELECT count(*) FROM order_lines) FROM orders"
    ).fetchall()
    assert sums == astuple(case.sums)
    assert set(importer.orders("source")) == {(FORMATS[case.format].source,)}
    again = importer.run(*case.options)
    assert f"unchanged  {case.sums.orders} orders" in again.output


@pytest.mark.parametrize("name", NAMES)
def test_a_header_is_recognised_as_one_format_only(name: str) -> None:
    columns = header(name)
    assert recognise(columns) is FORMATS[name]
    others = [other.name for other in FORMATS.values() if other.header and not missing(other, columns, {})]
    assert others == [name]


@pytest.mark.parametrize("name", NAMES)
def test_a_format_that_is_given_for_another_file_is_refused_with_the_missing_columns(
    importer: Importer, name: str
) -> None:
    importer.tenant()
    result = importer.load("A1,Toms,2026-01-02,1.00", options=("--format", name))
    assert result.exit_code == 2
    assert f"This is not {FORMATS[name].title}: it has no column" in result.output


@pytest.mark.parametrize("name", NAMES)
def test_every_column_that_a_format_reads_is_known_by_one_name(name: str) -> None:
    known = {*FIELDS, "line_total", "left", "refund", "refund_of", "zone"}
    assert set(FORMATS[name].columns) <= known
    assert FORMATS[name].amounts
