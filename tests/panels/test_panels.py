"""The board and its panels over HTTP: one query and one template for paint and refetch, texts, formats, empty states."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask, render_template_string
from flask.testing import FlaskClient
from flask_login import login_user

from webapp.db import db
from webapp.models import User
from webapp.panels.registry import PANELS

from ..support.board import get, sign_in, text
from ..support.world import World

TEMPLATES = Path(__file__).parents[2] / "webapp" / "templates"


@pytest.mark.parametrize("filled", [True, False])
def test_the_page_contains_each_panel_as_its_own_url_returns_it(
    world: World, client: FlaskClient, acme: int, manager: int, filled: bool
) -> None:
    if filled:
        order = world.order(acme, 5000, owner_id=manager, paid_at=world.now())
        world.change(order, refunded_minor=100)
        world.conn.execute("INSERT INTO rollups_daily VALUES (%s, current_date, %s, 1, 1, 4900)", [acme, manager])
    page = get(client, "/")
    for name in (*PANELS, "inbox"):
        fragment = get(client, f"/panels/{name}")
        assert f">{fragment}</div>" in page, name
        assert re.search(rf'id="{name}" hx-get="/panels/{name}"', page), name


def test_a_single_row_equals_the_row_of_the_list(world: World, client: FlaskClient, acme: int) -> None:
    order = world.order(acme, customer="<b>Toms</b>", number="A/1")
    row = get(client, f"/panels/recent_orders/{order}")
    assert row.startswith(f'<tr id="order-{order}"')
    assert row.endswith("</tr>")
    assert row in get(client, "/panels/recent_orders")
    assert "&lt;b&gt;Toms" in row


def test_a_missing_row_or_another_tenants_is_a_404_in_plain_text(world: World, client: FlaskClient) -> None:
    theirs = world.order(world.tenant("other"))
    for order in (theirs, 999_999):
        response = client.get(f"/panels/recent_orders/{order}")
        assert (response.status_code, response.mimetype) == (404, "text/plain")


def test_signed_out_requests_for_fragments_get_a_plain_401(app: Flask) -> None:
    for path in (*PANELS, "recent_orders/1", "inbox", "inbox/new-items?seen=3:3:"):
        response = app.test_client().get(f"/panels/{path}")
        assert (response.status_code, response.mimetype) == (401, "text/plain"), path


def test_an_unchanged_panel_answers_304_with_its_as_of_time(world: World, client: FlaskClient, acme: int) -> None:
    for name in PANELS:
        first = client.get(f"/panels/{name}")
        assert first.headers["Cache-Control"] == "private, no-cache"
        again = client.get(f"/panels/{name}", headers={"If-None-Match": first.headers["ETag"]})
        assert (again.status_code, again.data) == (304, b""), name
        assert again.headers["Doorbell-As-Of"]
        assert again.headers["Doorbell-Now"].isdigit()
    etag = client.get("/panels/revenue").headers["ETag"]
    world.order(acme, paid_at=world.now())
    assert client.get("/panels/revenue", headers={"If-None-Match": etag}).status_code == 200


@pytest.mark.parametrize("locale", ["ja_JP", "ko_KR", "ar_EG", "en_US", "de_DE"])
def test_as_of_survives_a_header_in_every_locale(app: Flask, world: World, locale: str) -> None:
    client = sign_in(app, world.user(world.tenant(locale=locale)))
    response = client.get("/panels/revenue")
    assert response.status_code == 200
    assert response.headers["Doorbell-As-Of"].isascii()


@pytest.mark.parametrize(
    ("locale", "currency", "on_the_tile", "in_the_list"),
    [
        ("de_DE", "EUR", "1.234.568 €", "1.234.567,89 €"),
        ("en_IE", "EUR", "€1,234,568", "€1,234,567.89"),
        # Its language has no catalog, so the page is English.
        ("ja_JP", "JPY", "¥123,456,789", "¥123,456,789"),
        ("en_US", "USD", "$1,234,568", "$1,234,567.89"),
    ],
)
def test_money_is_in_the_locale_of_the_page_and_the_tenants_currency(
    app: Flask, world: World, locale: str, currency: str, on_the_tile: str, in_the_list: str
) -> None:
    """A tile of seven digits or more shows whole units, and the exact amount as its title."""
    tenant = world.tenant(locale=locale, currency=currency)
    client = sign_in(app, world.user(tenant))
    world.order(tenant, 123_456_789, currency=currency, paid_at=world.now())
    tile = get(client, "/panels/revenue")
    assert text(tile).startswith(on_the_tile)
    assert in_the_list in tile.replace("\N{NO-BREAK SPACE}", " ")
    assert in_the_list in text(get(client, "/panels/recent_orders"))


def test_an_empty_board_shows_the_next_steps(client: FlaskClient) -> None:
    assert "Connect your orders No orders yet" in text(get(client, "/panels/recent_orders"))
    assert 'href="/orders/new"' in get(client, "/panels/recent_orders")
    assert "No orders yet" in text(get(client, "/panels/orders_today"))
    assert "No paid orders yet" in text(get(client, "/panels/average_order"))
    assert "No sales yet today" in text(get(client, "/panels/salespeople"))
    assert "No revenue yet" in text(get(client, "/panels/revenue_by_hour"))
    assert "No revenue in the last 30 days" in text(get(client, "/panels/history"))
    assert "No sales in the last 30 days" in text(get(client, "/panels/leaderboard"))
    assert "No notifications yet" in text(get(client, "/panels/inbox"))


@pytest.fixture
def delta(app: Flask, manager: int) -> Iterator[Callable[[int | None, int | None], str]]:
    """Renders the comparison below a tile's number, for a figure of today and one of yesterday."""
    source = '{% from "components/tile.html" import delta %}{{ delta(today, yesterday, yesterday ~ "") }}'
    with app.test_request_context():
        login_user(db.session.get_one(User, manager))
        yield lambda today, yesterday: text(render_template_string(source, today=today, yesterday=yesterday))


@pytest.mark.parametrize(
    ("today", "yesterday", "expected"),
    [
        (112, 100, "▲ 12% vs 100 at this time yesterday"),
        (50, 100, "▼ 50% vs 100 at this time yesterday"),
        (100, 100, "= 0% vs 100 at this time yesterday"),
        (1124, 1000, "▲ 12.4% vs 1000 at this time yesterday"),
        (100, 0, "0 at this time yesterday"),
        (0, 0, "0 at this time yesterday"),
        (100, -50, "-50 at this time yesterday"),
        (-50, 100, "▼ 150% vs 100 at this time yesterday"),
        (None, 100, "100 at this time yesterday"),
        (100, None, "None at this time yesterday"),
        (None, None, "None at this time yesterday"),
    ],
)
def test_a_change_is_shown_by_arrow_and_text_and_never_divides_by_zero(
    delta: Callable[[int | None, int | None], str], today: int | None, yesterday: int | None, expected: str
) -> None:
    assert delta(today, yesterday) == expected


def test_orders_to_be_shipped_that_were_not_counted_then_are_not_shown_as_none(client: FlaskClient, acme: int) -> None:
    shown = text(get(client, "/panels/to_ship"))
    assert "Not counted at this time yesterday" in shown
    assert "None" not in shown


def test_the_last_change_shows_status_time_and_user(world: World, client: FlaskClient, acme: int, manager: int) -> None:
    order = world.order(acme, 5000)
    assert re.search(r"placed · \d\d:\d\d · psql$", text(get(client, f"/panels/recent_orders/{order}")))
    world.change(order, paid_at=world.now())
    assert re.search(r"placed → paid · \d\d:\d\d · psql$", text(get(client, f"/panels/recent_orders/{order}")))
    with world.conn.transaction():
        world.conn.execute("SELECT set_config('doorbell.actor', %s, true)", [str(manager)])
        world.change(order, refunded_minor=1250)
    assert re.search(r"refund €12.50 · \d\d:\d\d · Ana Silva$", text(get(client, f"/panels/recent_orders/{order}")))
    world.change(order, refunded_minor=0)
    assert "refund reversed: €12.50" in text(get(client, f"/panels/recent_orders/{order}"))


def test_every_panel_has_a_title_a_definition_and_an_as_of(client: FlaskClient) -> None:
    page = get(client, "/")
    for panel in PANELS.values():
        frame = page.split(f'data-frame="{panel.name}"')[1].split("</section>")[0]
        assert str(panel.title) in frame or panel.name == "yesterday", "a sentence of the head, without a title"
        assert str(panel.definition).split("'")[0] in frame
        assert re.search(r'as-of-time">[^<]*\d', frame)
        assert f'hx-trigger="refetch" data-pace-times="{panel.pace_times}" hx-swap="innerMorph"' in frame


def test_pages_obey_the_csp(world: World, client: FlaskClient, acme: int, manager: int) -> None:
    for _ in range(2):
        world.order(acme, 5000, owner_id=manager, paid_at=world.now())
    for path in ("/", "/inbox"):
        page = get(client, path)
        assert not re.search(r"<[^>]+\sstyle=", page), path
        assert not re.search(r"<[^>]+\son\w+=", page), path
        assert not re.search(r"<script(?![^>]*\ssrc=)", page), path
        assert "hx-on" not in page, path


def test_every_template_parses(app: Flask) -> None:
    names = sorted(str(path.relative_to(TEMPLATES)) for path in TEMPLATES.rglob("*.html"))
    assert "panels/revenue.html" in names
    for name in names:
        app.jinja_env.get_template(name)


def test_the_page_names_the_seq_it_was_painted_at_before_it_queries(client: FlaskClient) -> None:
    assert re.search(r'hx-sse:connect="/stream\?since=\d+&(amp;)?user=\d+"', get(client, "/"))
