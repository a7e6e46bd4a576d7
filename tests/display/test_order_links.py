"""Links into the orders page: the address of each filter."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time

import flask
import pytest
from flask import Flask

from webapp.display import order_links
from webapp.display.order_links import orders_link
from webapp.models import Tenant

DAY = date(2026, 11, 27)


@pytest.fixture(autouse=True)
def request_of_a_german_tenant(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    tenant = Tenant(currency="EUR", locale="de_DE", timezone="Europe/Berlin")
    monkeypatch.setattr(order_links, "current_tenant", lambda: tenant)
    with app.test_request_context():
        flask.g.locale = tenant.locale
        yield


def test_without_a_filter_the_link_is_the_orders_page() -> None:
    assert orders_link() == "/orders"
    assert orders_link(by="placed", owner=None, q="", status=None) == "/orders"


def test_dates_times_amounts_and_words_are_written_as_the_page_reads_them() -> None:
    assert orders_link(start=DAY, end=DAY, status="to_ship") == "/orders?from=2026-11-27&to=2026-11-27&status=to_ship"
    hours = {"start": datetime(2026, 11, 27, 14), "end": datetime(2026, 11, 27, 15)}
    assert orders_link(by="revenue", **hours) == "/orders?by=revenue&from=2026-11-27T14:00&to=2026-11-27T15:00"
    assert orders_link(min=123_450, max=0) == "/orders?min=1234,50&max=0,00"
    assert orders_link(q="Süß & Co", source="shop.orders", range="last_7") == (
        "/orders?q=S%C3%BC%C3%9F+%26+Co&range=last_7&source=shop.orders"
    )


def test_unassigned_orders_have_the_owner_none() -> None:
    assert orders_link(owner=7) == "/orders?owner=7"
    assert orders_link(owner=0) == orders_link(owner="none") == "/orders?owner=none"
    for owner_id in (None, 0):
        assert orders_link(**order_links.revenue_of_owner(owner_id, DAY, DAY)).endswith("&owner=none")
    assert orders_link(**order_links.orders_to_ship()) == "/orders?status=to_ship"


def test_an_hour_of_the_chart_ends_with_the_next_hour_also_at_midnight() -> None:
    assert orders_link(**order_links.revenue_of_hour(DAY, 23)) == (
        "/orders?by=revenue&from=2026-11-27T23:00&to=2026-11-28T00:00"
    )
    until = order_links.revenue_until(DAY, time(9, 30))
    assert orders_link(**until) == "/orders?by=revenue&from=2026-11-27T00:00&to=2026-11-27T09:30"


def test_an_argument_that_is_not_a_filter_is_an_error() -> None:
    with pytest.raises(TypeError, match="'state'"):
        orders_link(state="paid")


def test_templates_make_links_of_figures() -> None:
    template = "{{ orders_link(**filter_of.refunds_of_day(day)) }}"
    shown = flask.render_template_string(template, day=DAY)
    assert shown == "/orders?by=refunded&amp;from=2026-11-27&amp;to=2026-11-27"
