"""The list of orders: search, filters and pages."""

from __future__ import annotations

from typing import Any

import pytest

from ..support.browser import Person
from ..support.orders import PAID
from ..support.world import World


def listed(page: Any) -> list[str]:
    return [a.get_text() for a in page.select("tbody a")]


def test_the_list_is_searched_by_number_and_customer_and_filtered_by_status(
    ana: Person, world: World, tenant: int
) -> None:
    world.order(tenant, number="A-1", customer="Hanari Carnes", placed_at="2026-01-01")
    world.order(tenant, number="A-2", customer="100% Süß_Waren", placed_at="2026-01-02", paid_at=PAID)
    world.order(world.tenant("other"), number="A-3")
    assert listed(ana.page("/orders")) == ["A-2", "A-1"]
    assert listed(ana.page("/orders?q=a-1")) == ["A-1"]
    assert listed(ana.page("/orders?q=CARNES")) == ["A-1"]
    assert listed(ana.page("/orders?q=100%25+s")) == ["A-2"]
    assert listed(ana.page("/orders?q=%25")) == [], "wildcards match nothing"
    assert listed(ana.page("/orders?status=paid")) == ["A-2"]
    assert "No orders match" in ana.page("/orders?q=nothing").get_text()
    assert ana.get("/orders?status=lost").status_code == 400
    assert ana.get("/orders?q=%00").status_code == 200


def test_the_list_is_paged_and_new_orders_do_not_shift_the_pages(ana: Person, world: World, tenant: int) -> None:
    world.conn.execute(
        "INSERT INTO orders (tenant_id, number, customer, currency, total_minor, placed_at)"
        " SELECT %s, 'P' || n, 'Bulk', 'EUR', n, '2026-01-01'::timestamptz + (n / 10) * interval '1 s'"
        " FROM generate_series(1, 120) AS n",
        [tenant],
    )
    seen, path, page = [], "/orders?q=p", ana.page("/orders?q=p")
    while path:
        page = ana.page(path)
        seen += listed(page)
        older = page.select_one("a[rel=next]")
        path = str(older["href"]) if older else ""
        world.order(tenant, number=f"P-new-{len(seen)}")
    assert seen == [f"P{n}" for n in range(120, 0, -1)]


@pytest.mark.parametrize(
    "before", ["x", "2026-01-01_1", "2026-01-01T00:00:00+00:00_x", "_", "2026-01-01T00:00:00+00:00_-1"]
)
def test_an_invalid_page_cursor_is_refused(ana: Person, before: str) -> None:
    assert ana.get("/orders", query_string={"before": before}).status_code == 400
