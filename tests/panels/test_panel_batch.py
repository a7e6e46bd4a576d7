"""Several panels in one answer, as pages ask that a crowd watches."""

from __future__ import annotations

import re
import threading
import time

import psycopg
import pytest
from flask import Flask
from werkzeug.test import TestResponse

from webapp import redis_client
from webapp.observability.metrics import web as metrics
from webapp.panels.cache import PanelCache
from webapp.panels.registry import PANELS
from webapp.panels.render import MANY, PACE_SECONDS, Render, RenderRequest
from webapp.signals import publisher
from webapp.signals.log_follower import Log

from ..support.browser import Person, soup
from ..support.processes import eventually
from ..support.viewers import at_once, statements
from ..support.world import Service, World
from .test_renders import Killed, render

ALL = ",".join(PANELS)


@pytest.fixture
def tenant(world: World, service: Service) -> int:
    tenant = world.tenant()
    with redis_client.connect(service.redis_url) as client:
        publisher.publish(client, tenant, {"placed": None})
    return tenant


@pytest.fixture
def ana(app: Flask, world: World, tenant: int) -> Person:
    return Person(app, world.user(tenant))


def ask(person: Person, names: str, known: str = "") -> TestResponse:
    return person.get(f"/panels?names={names}", headers={"Doorbell-Panels": known})


def parts(response: TestResponse) -> list[str]:
    """The panels whose fragments are in the answer."""
    assert response.status_code == 200, response.text
    return [str(part["id"]) for part in soup(response).find_all("hx-partial")]


def seen(response: TestResponse) -> dict[str, str]:
    return dict(re.findall(r'(\w+)=("[^"]*")', response.headers["Doorbell-Panels"]))


@pytest.mark.parametrize("from_memory", [False, True])
def test_each_part_is_what_its_panel_alone_would_be(ana: Person, from_memory: bool) -> None:
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


def test_from_memory_it_says_all_that_the_ordinary_answer_says(ana: Person) -> None:
    ask(ana, ALL)  # whereupon the session has its cookie for good
    ana.client.application.extensions["doorbell_user_cache"]._cookies.clear()
    ordinary, quick = ask(ana, ALL), ask(ana, ALL)
    changing = ("Doorbell-Now", "Date")
    said = [{name: value for name, value in r.headers.items() if name not in changing} for r in (ordinary, quick)]
    assert said[0] == said[1]
    assert ordinary.data == quick.data


def test_what_the_page_has_is_left_out_and_still_named(
    ana: Person, world: World, tenant: int, service: Service
) -> None:
    first = ask(ana, ALL)
    assert parts(ask(ana, ALL, first.headers["Doorbell-Panels"])) == []
    world.order(tenant, 4200, paid_at=world.now())
    with redis_client.connect(service.redis_url) as client:
        publisher.publish(client, tenant, {"revenue": None})
    later = ask(ana, "revenue,orders_today", first.headers["Doorbell-Panels"])
    assert parts(later) == ["revenue"]
    assert list(seen(later)) == ["revenue", "orders_today"]
    assert seen(later)["orders_today"] == seen(first)["orders_today"]


@pytest.mark.parametrize(
    ("names", "value"), [("revenue,nothing", "'nothing'"), ("", "''"), ("inbox", "'inbox'"), ("%00", r"'\\x00'")]
)
def test_a_name_that_is_no_panels_is_refused_with_those_that_are(ana: Person, names: str, value: str) -> None:
    answer = ask(ana, names)
    assert (answer.status_code, answer.mimetype) == (400, "text/plain")
    assert re.search(value, answer.text)
    assert all(name in answer.text for name in PANELS)


def test_who_is_not_signed_in_gets_none(app: Flask, ana: Person) -> None:
    ask(ana, ALL)
    assert ask(Person(app), ALL).status_code == 401


def test_a_panel_that_fails_is_missing_and_keeps_no_other_back(ana: Person, service: Service) -> None:
    with psycopg.connect(service.database_url) as holder:
        holder.execute("LOCK TABLE rollups_daily IN ACCESS EXCLUSIVE MODE")  # for longer than a query waits for a lock
        answer = ask(ana, "history,revenue")
        assert parts(answer) == list(seen(answer)) == ["revenue"]
        assert ask(ana, "history").status_code == 503, "where all fail the answer is an error"
    assert parts(ask(ana, "history,revenue")) == ["history", "revenue"]


def test_fifty_who_ask_at_once_cost_one_query_a_panel(app: Flask, world: World, service: Service, tenant: int) -> None:
    people = [Person(app, world.user(tenant, f"U{n} Name")) for n in range(50)]
    waited = metrics.PANEL_WAITS._value.get()
    with statements(app) as sent, psycopg.connect(service.database_url) as holder:
        holder.execute("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE")  # so that all are there before the query is over
        with at_once([lambda person=person: ask(person, "revenue,orders_today") for person in people]) as answers:
            eventually(lambda: metrics.PANEL_WAITS._value.get() - waited >= 49, 2.5)
            holder.rollback()
    assert all(parts(answer.result()) == ["revenue", "orders_today"] for answer in answers)
    assert sent.about("FROM orders") == 2


# The cache by itself


def want(key: str) -> RenderRequest:
    return RenderRequest(key, ("revenue",), 15.0, time.time() + 3600)


def test_several_that_have_to_wait_for_their_pace_wait_for_it_together() -> None:
    cache, log = PanelCache(), Log(1, b"")
    keys = "abcd"
    for _ in range(MANY + 1):
        cache.get_all([(want(key), render) for key in keys], log)
    log.add(2, b'{"topics":{"revenue":null},"users":{},"at":1}')
    begun = time.monotonic()
    assert len(cache.get_all([(want(key), render) for key in keys], log)) == 4
    assert PACE_SECONDS / 2 < time.monotonic() - begun < 2 * PACE_SECONDS


def test_signals_while_one_of_several_is_waited_for_make_none_of_them_wait_again() -> None:
    cache, log, end, began = PanelCache(), Log(1, b""), threading.Event(), threading.Event()

    def slow() -> Render:
        began.set()
        end.wait()
        return render(1)

    with at_once([lambda: cache.get_all([(want("a"), slow), (want("b"), render)], log)]) as first:
        began.wait()
        with at_once([lambda: cache.get_all([(want("a"), render), (want("b"), render)], log)]) as second:
            eventually(lambda: cache._flights["a"].shared == 1 and cache._flights["b"].shared == 0)
            log.add(2, b'{"topics":{"revenue":null},"users":{},"at":1}')
            end.set()
    assert [one.size for one in first[0].result()] == [one.size for one in second[0].result()]  # type: ignore[union-attr]


def test_who_is_cut_short_over_one_leaves_none_of_several_behind() -> None:
    cache, log = PanelCache(), Log(1, b"")

    def cut_short() -> Render:
        raise Killed

    with pytest.raises(Killed):
        cache.get_all([(want("a"), cut_short), (want("b"), render)], log)
    assert not cache._flights
    begun = time.monotonic()
    assert cache.get(want("b"), log, render) == render()
    assert time.monotonic() - begun < PACE_SECONDS


def test_one_that_fails_fails_alone() -> None:
    def fails() -> Render:
        raise OSError

    found = PanelCache().get_all([(want("a"), fails), (want("b"), render)], Log(1, b""))
    assert isinstance(found[0], OSError)
    assert found[1] == render()
    unkept = PanelCache().get_all([(want("a"), fails), (want("b"), render)], None)
    assert [isinstance(one, OSError) for one in unkept] == [True, False]
