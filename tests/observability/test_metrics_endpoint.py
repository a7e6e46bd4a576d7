"""/metrics of the web process: its token, its series, and its independence of the servers."""

from __future__ import annotations

import pytest
from flask import Flask

from webapp import create_app
from webapp.routes.access import public

from ..conftest import config_for
from ..support.browser import Person, broken_view
from ..support.metrics import Scrape
from ..support.world import Service, World

TOKEN = "a-token-for-the-tests"
REQUESTS = "doorbell_http_requests_total"


@pytest.fixture
def shown(service: Service) -> Flask:
    """The app as in Flask's own server, without gunicorn's directory of metric files."""
    return create_app(config_for(service, METRICS_TOKEN=TOKEN))


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer wrong", f"Basic {TOKEN}", TOKEN, "Bearer ä"])
def test_requests_without_the_token_get_no_metrics(shown: Flask, world: World, header: str | None) -> None:
    for person in (Person(shown), Person(shown, world.user(world.tenant()))):
        response = person.client.get("/metrics", headers={} if header is None else {"Authorization": header})
        assert response.status_code == 401
        assert response.headers["WWW-Authenticate"] == "Bearer"
        assert "doorbell_" not in response.text
        world.conn.execute("DELETE FROM users")


def test_without_the_setting_of_a_token_metrics_are_not_found(app: Flask) -> None:
    for header in ({}, {"Authorization": "Bearer "}, {"Authorization": "Bearer None"}):
        assert app.test_client().get("/metrics", headers=header).status_code == 404


def _read(app: Flask) -> Scrape:
    response = app.test_client().get("/metrics", headers={"Authorization": f"bearer {TOKEN}"})
    assert response.status_code == 200
    assert response.mimetype == "text/plain"
    assert response.headers["Cache-Control"] == "no-store"
    return Scrape(response.text)


def test_paths_and_invented_methods_add_no_series(shown: Flask) -> None:
    client = shown.test_client()
    # This request is counted as well.
    _read(shown)
    client.get("/orders/1")
    client.get("/none-0")
    client.open("/healthz", method="MADE0")
    before = _read(shown)
    for n in range(1, 6):
        client.get(f"/orders/{n}")
        client.get(f"/none-{n}")
        client.open("/healthz", method=f"MADE{n}")
    after = _read(shown)
    assert {(s.name, *s.labels.items()) for s in after.samples} == {(s.name, *s.labels.items()) for s in before.samples}
    for labels in ({"endpoint": "orders.show"}, {"endpoint": "none", "method": "GET"}, {"method": "other"}):
        assert after.total(REQUESTS, **labels) - before.total(REQUESTS, **labels) == 5, labels


def test_a_server_error_is_counted_once(shown: Flask) -> None:
    shown.config["PROPAGATE_EXCEPTIONS"] = False
    shown.view_functions["health.healthz"] = public("for this test")(lambda: broken_view())
    labels = {"endpoint": "health.healthz", "status": "5xx"}
    before = _read(shown).total(REQUESTS, **labels)
    assert shown.test_client().get("/healthz").status_code == 500
    assert _read(shown).total(REQUESTS, **labels) == before + 1


def test_metrics_need_neither_postgresql_nor_redis(service: Service) -> None:
    nowhere = {"DATABASE_URL": "postgresql://127.0.0.1:1/none", "REDIS_URL": "redis://127.0.0.1:1/0"}
    seen = _read(create_app(config_for(service, METRICS_TOKEN=TOKEN, **nowhere)))
    assert "doorbell_streams_open" in seen.names
