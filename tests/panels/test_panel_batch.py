"""Several panels in one answer, as pages in a crowd request them."""

from __future__ import annotations

import re
from collections import Counter

import psycopg
import pytest
from flask import Flask
from werkzeug.test import TestResponse

from webapp import redis_client
from webapp.observability.metrics import web as metrics
from webapp.panels.registry import PANELS
from webapp.services import services
from webapp.signals import publisher

from ..support.browser import Person, soup
from ..support.metrics import metric_value
from ..support.viewers import at_once, statements
from ..support.wait import eventually
from ..support.world import Service, World

pytestmark = pytest.mark.usefixtures("long_minutes")

ALL = ",".join(PANELS)


def ask(person: Person, names: str, known: str = "") -> TestResponse:
    return person.get(f"/panels?names={names}", headers={"Doorbell-Panels": known})


def parts(response: TestResponse) -> list[str]:
    """The names of the panels in the answer."""
    assert response.status_code == 200, response.text
    return [str(part["id"]) for part in soup(response).find_all("hx-partial")]


def seen(response: TestResponse) -> dict[str, str]:
    return dict(re.findall(r'(\w+)=("[^"]*")', response.headers["Doorbell-Panels"]))


@pytest.mark.parametrize("from_memory", [False, True])
def test_each_part_equals_the_panels_own_answer(ana: Person, from_memory: bool) -> None:
    if from_memory:
        ask(ana, ALL)
    answer = ask(ana, ALL)
    assert parts(answer) == list(PANELS)
    for name in PANELS:
        alone = ana.get(f"/panels/{name}")
        assert f'<hx-partial id="{name}" hx-swap="innerMorph">{alone.text}</hx-partial>' in answer.text
        assert seen(answer)[name] == alone.headers["ETag"]
    assert answer.headers["Doorbell-Seq"] == alone.headers["Doorbell-Seq"]
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert answer.headers["Content-Security-Policy"]


def test_an_answer_from_memory_has_the_headers_and_body_of_the_ordinary_one(ana: Person) -> None:
    ask(ana, ALL)  # sets the session's cookie
    services(ana.client.application).users.cookies.clear()
    ordinary, quick = ask(ana, ALL), ask(ana, ALL)
    changing = ("Doorbell-Now", "Date")
    headers = [{name: value for name, value in r.headers.items() if name not in changing} for r in (ordinary, quick)]
    assert headers[0] == headers[1]
    assert ordinary.data == quick.data


def test_unchanged_panels_are_left_out_and_still_named(
    ana: Person, world: World, tenant: int, service: Service
) -> None:
    first = ask(ana, ALL)
    assert parts(ask(ana, ALL, first.headers["Doorbell-Panels"])) == []
    world.order(tenant, 4200, paid_at=world.now())
    with redis_client.connect(service.redis_url) as client:
        publisher.publish(client, tenant, {"revenue": None})
    later = ask(ana, "revenue,orders_today", first.headers["Doorbell-Panels"])
    assert parts(later) == list(seen(later)) == ["revenue", "orders_today"]
    world.order(tenant, 100)
    with redis_client.connect(service.redis_url) as client:
        publisher.publish(client, tenant, {"placed": None})
    assert parts(ask(ana, "revenue,orders_today", later.headers["Doorbell-Panels"])) == ["orders_today"]
    assert seen(later)["orders_today"] != seen(first)["orders_today"], "it is of the same snapshot"


@pytest.mark.parametrize(
    ("names", "value"), [("revenue,nothing", "'nothing'"), ("", "''"), ("inbox", "'inbox'"), ("%00", r"'\\x00'")]
)
def test_an_unknown_panel_is_refused_with_the_list_of_names(ana: Person, names: str, value: str) -> None:
    answer = ask(ana, names)
    assert (answer.status_code, answer.mimetype) == (400, "text/plain")
    assert re.search(value, answer.text)
    assert all(name in answer.text for name in PANELS)


def test_signed_out_requests_get_no_panels(app: Flask, ana: Person) -> None:
    ask(ana, ALL)
    assert ask(Person(app), ALL).status_code == 401


def test_a_failed_panel_is_missing_and_the_others_are_answered(ana: Person, service: Service) -> None:
    with psycopg.connect(service.database_url) as holder:
        holder.execute("LOCK TABLE rollups_daily IN ACCESS EXCLUSIVE MODE")  # longer than the lock timeout
        answer = ask(ana, "history,revenue")
        assert parts(answer) == list(seen(answer)) == ["revenue"]
        assert ask(ana, "history").status_code == 503, "when all fail the answer is an error"
    assert parts(ask(ana, "history,revenue")) == ["history", "revenue"]


@pytest.mark.usefixtures("long_locks")
def test_fifty_concurrent_requests_cost_each_statement_once(
    app: Flask, world: World, service: Service, tenant: int
) -> None:
    people = [Person(app, world.user(tenant, f"U{n} Name")) for n in range(50)]
    waited = metric_value(metrics.PANEL_WAITS)
    with statements(app) as sent, psycopg.connect(service.database_url) as holder:
        holder.execute("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE")  # until all requests have arrived
        with at_once([lambda person=person: ask(person, "revenue,orders_today") for person in people]) as answers:
            eventually(lambda: metric_value(metrics.PANEL_WAITS) - waited >= 49)
            holder.rollback()
    assert all(parts(answer.result()) == ["revenue", "orders_today"] for answer in answers)
    about_orders = Counter(statement for statement in sent if "FROM orders" in statement)
    assert set(about_orders.values()) == {1}
