"""Hostile names in every field that accepts them: on pages, in CSV files, in the log and in the stream."""

from __future__ import annotations

import csv
import io
from html import unescape

import pytest
import redis
from bs4 import BeautifulSoup
from flask import Flask

from ..support import every_page
from ..support.browser import Person, soup
from ..support.every_page import SIGNED_OUT, Company
from ..support.hostile_texts import poison
from ..support.relay import Relay
from ..support.world import Service, World

FORMULA = ("=", "+", "@", "\t", "\r")


@pytest.fixture
def company(app: Flask, service: Service, world: World, redis_client: redis.Redis, relay: Relay) -> Company:
    found = every_page.company(app, service, world, redis_client, relay)
    written = poison(world.conn)
    expected = {
        "orders.customer",
        "orders.source",
        "order_lines.product",
        "users.name",
        "tenants.name",
        "holidays.name",
    }
    assert expected - written == set(), "guard: the texts are stored"
    return found


def injected(page: BeautifulSoup) -> list[str]:
    """Elements and attributes that only a text could have made."""
    handlers = [tag for tag in page.find_all() if any(name.startswith("on") for name in tag.attrs)]
    links = [tag for tag in page.select("a[href]") if str(tag["href"]).lower().startswith("javascript:")]
    return [str(tag)[:200] for tag in [*handlers, *links, *page.select('img[src="x"]')]]


def test_no_page_takes_a_text_for_markup_or_for_a_template(app: Flask, company: Company) -> None:
    shown = 0
    for page in every_page.pages(app, company):
        person = Person(app, None if page.role == SIGNED_OUT else company.users[page.role])
        response = person.get(page.path)
        assert response.status_code < 500, page.path
        assert injected(soup(response)) == [], page.path
        assert "onerror=hostile()>49" not in unescape(response.text), page.path
        shown += "onerror=hostile()" in response.text
    assert shown > 10, "guard: many pages show the texts"


def test_no_cell_of_a_file_is_a_formula(app: Flask, company: Company) -> None:
    person = Person(app, company.users[every_page.ADMIN])
    links = {rule.rule for rule in app.url_map.iter_rules() if rule.rule.endswith(".csv") and not rule.arguments}
    assert links
    shown = 0
    for link in sorted(links):
        text = person.get(link).text
        cells = [cell for row in csv.reader(io.StringIO(text.removeprefix("\ufeff"))) for cell in row]
        assert [cell for cell in cells if cell.startswith(FORMULA)] == [], link
        shown += "onerror=hostile()" in text
    assert shown, "guard: a file has the texts"
