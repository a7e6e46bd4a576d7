"""The limits of forms, and the texts of their errors."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from flask import Flask

from webapp.orders.new_order import PRODUCT_MAX_CHARS
from webapp.routes.form_limits import FORM_BYTES, FORM_FIELDS, ORDER_BYTES
from webapp.routes.forms import LINES_MAX

from ..support.browser import Person
from ..support.world import World

FORM = "application/x-www-form-urlencoded"


def post(person: Person, path: str, body: str) -> tuple[int, str]:
    answer = person.client.post(path, data=body, content_type=FORM)
    return answer.status_code, answer.get_data(as_text=True)


def test_a_sign_in_form_of_more_than_64_kb_is_refused(app: Flask) -> None:
    status, page = post(Person(app), "/sign-in", "email=" + "x" * FORM_BYTES)
    assert status == 413
    assert "The form is too large" in page
    assert "64,000 bytes" in page
    assert post(Person(app), "/sign-in", "email=" + "x" * (FORM_BYTES - 10))[0] == 400, (
        "read, and refused for its missing token"
    )


@pytest.mark.parametrize("path", ["/sign-in", "/orders"])
def test_a_form_of_more_than_a_thousand_fields_is_refused(app: Flask, world: World, path: str) -> None:
    person = Person(app, world.user(world.tenant())) if path == "/orders" else Person(app)
    status, page = post(person, path, "&".join(["a"] * (FORM_FIELDS + 1)))
    assert status == 413
    assert "more than 1000 fields" in page
    assert post(person, path, "&".join(["a"] * FORM_FIELDS))[0] == 400


def test_an_order_form_may_have_the_maximum_of_lines(app: Flask, world: World) -> None:
    lines = {f"lines-{n}-product": "袋" * PRODUCT_MAX_CHARS for n in range(LINES_MAX)}
    lines |= {f"lines-{n}-quantity": "1000000" for n in range(LINES_MAX)}
    lines |= {f"lines-{n}-unit_price": "99999999.99" for n in range(LINES_MAX)}
    body = urlencode({"customer": "袋" * 200, **lines})
    assert len(body) <= ORDER_BYTES
    assert post(Person(app, world.user(world.tenant())), "/orders", body)[0] == 400, (
        "read, and refused for its missing token"
    )
