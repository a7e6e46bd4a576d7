"""Panels answered from memory before Flask begins."""

from __future__ import annotations

import pytest
import redis
from flask import Flask

from webapp.observability.metrics import web as metrics
from webapp.signals import publisher

from ..support.browser import Person
from ..support.metrics import metric_value
from ..support.panels import ask, counted
from ..support.world import World

pytestmark = pytest.mark.usefixtures("long_minutes")


def test_an_answer_from_memory_has_the_headers_and_body_of_the_ordinary_one(
    app: Flask, redis_client: redis.Redis, tenant: int, ana: Person
) -> None:
    ask(ana)  # sets the session's cookie
    newest = publisher.publish(redis_client, tenant, {"placed": None})
    first, again = ask(ana), ask(ana)
    changing = ("Doorbell-Now", "Date")  # gunicorn dates each answer
    headers = [{name: value for name, value in r.headers.items() if name not in changing} for r in (first, again)]
    assert headers[0] == headers[1]
    assert first.data == again.data
    assert again.headers["Doorbell-Seq"] == str(newest)
    etag = again.headers["ETag"]
    for asked in (etag, f"W/{etag}", f'"other", {etag}'):
        unchanged = ana.get("/panels/revenue", headers={"If-None-Match": asked})
        assert (unchanged.status_code, unchanged.data) == (304, b"")
        assert unchanged.headers["Content-Security-Policy"]
        assert unchanged.headers["ETag"] == etag
    assert ana.get("/panels/revenue", headers={"If-None-Match": '"other"'}).status_code == 200
    newest = publisher.publish(redis_client, tenant, {"rollups": None})
    assert ask(ana).headers["Doorbell-Seq"] == str(newest), "a signal of another topic raises the seq too"


def test_an_altered_cookie_gets_nothing_from_memory(app: Flask, tenant: int, ana: Person) -> None:
    ask(ana)
    ask(ana)
    cookie = ana.client.get_cookie("session")
    assert cookie is not None
    stranger = app.test_client(use_cookies=False)
    for value in ("", cookie.value[:-1], cookie.value + "x", cookie.value.swapcase()):
        assert stranger.get("/panels/revenue", headers={"Cookie": f"session={value}"}).status_code == 401
    kept = stranger.get("/panels/revenue", headers={"Cookie": f"session={cookie.value}"})
    assert kept.status_code == 200, "guard: the unaltered cookie does"


def test_a_polling_page_has_no_stream(ana: Person) -> None:
    page = ana.page("/?live=poll")
    live = page.select_one("#live")
    assert live is not None
    assert live.get("data-live") == "poll"
    assert "hx-sse:connect" not in live.attrs
    assert "hx-sse:connect" in ana.page("/").select_one("#live").attrs  # type: ignore[union-attr]


def test_answers_are_counted_by_kind(app: Flask, world: World, tenant: int, ana: Person) -> None:
    before = {how: counted(how) for how in ("memory", "query")}
    held, unchanged = metric_value(metrics.PANEL_BYTES), metric_value(metrics.PANELS_UNCHANGED)
    requests = metrics.REQUESTS.labels("panels.revenue", "GET", "3xx")
    answered = metric_value(requests)
    etag = ask(ana).headers["ETag"]
    ana.get("/panels/revenue", headers={"If-None-Match": etag})
    assert {how: counted(how) - before[how] for how in before} == {"memory": 1, "query": 1}
    assert metric_value(metrics.PANELS_UNCHANGED) == unchanged + 1
    assert metric_value(metrics.PANEL_BYTES) > held
    assert metric_value(requests) == answered + 1
