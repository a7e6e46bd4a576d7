"""A TV reads its own tenant's screens by its token, and nothing else. The token is a secret."""

from __future__ import annotations

import logging
from typing import NoReturn

import pytest
import redis
from flask import Flask

from webapp.observability import logs
from webapp.routes import tv_views
from webapp.signals import publisher
from webapp.tv import unknown_limit

from ..support.board import text
from ..support.browser import Person
from ..support.tvs import SCREENS, Tv, make_tv
from ..support.viewers import statements
from ..support.world import World


def broken(*_arguments: object) -> NoReturn:
    raise ZeroDivisionError


def test_a_tv_shows_its_figures_without_a_sign_in_and_gets_no_cookie(wall: Person, tv: Tv) -> None:
    response = wall.get(tv.path)
    assert response.status_code == 200
    assert "€37,035" in text(response.text)
    assert "Set-Cookie" not in response.headers
    for name in SCREENS:
        assert wall.get(f"{tv.path}/screens/{name}").status_code == 200, name


def test_a_browser_that_is_signed_in_elsewhere_still_shows_the_tenant_of_the_tv(
    app: Flask, world: World, tv: Tv
) -> None:
    stranger = Person(app, world.user(world.tenant("other", name="Other Ltd", locale="de_DE"), "Stan Ranger"))
    assert "Other Ltd" in stranger.get("/").text
    for address in tv.below():
        response = stranger.get(address)
        assert "Other Ltd" not in response.text
        assert "Set-Cookie" not in response.headers
    page = stranger.get(tv.path).text
    assert "Northwind" in page
    assert '<html lang="en-GB"' in page
    assert "Other Ltd" in stranger.get("/").text


def test_a_token_opens_no_other_route_and_no_other_tenant(app: Flask, wall: Person, world: World, tv: Tv) -> None:
    other = world.tenant("other", name="Other Ltd")
    world.order(other, 555_555, paid_at="now", customer="Secret customer")
    for path in ("/", "/orders", "/panels/revenue", "/stream", "/settings/tv"):
        assert wall.get(path).status_code in (303, 401)
        assert wall.get(path, headers={"Authorization": f"Bearer {tv.token}"}).status_code in (303, 401)
    assert not any("Secret customer" in wall.get(address).text for address in tv.below())
    for rule in app.url_map.iter_rules():
        if rule.endpoint.startswith("tv."):
            assert (rule.methods or set()) <= {"GET", "HEAD", "OPTIONS"}
    for address in tv.below():
        assert wall.client.post(address).status_code in (400, 405)


def test_a_screen_that_did_not_change_is_not_sent_again(wall: Person, tv: Tv) -> None:
    encoding = {"Accept-Encoding": "gzip, br"}
    first = wall.get(f"{tv.path}/screens/today", headers=encoding)
    again = wall.get(f"{tv.path}/screens/today", headers=encoding | {"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    assert {"Doorbell-As-Of", "Doorbell-TV"} <= set(dict(again.headers))


@pytest.mark.parametrize("token", ["x", "A" * 43, "é" * 43, "A" * 5000])
def test_an_unknown_token_is_answered_with_words_and_no_figure(wall: Person, tv: Tv, token: str) -> None:
    page = wall.get(f"/tv/{token}")
    assert page.status_code == 404
    assert "This TV link is not valid." in page.text
    assert "€" not in page.text
    fragment = wall.get(f"/tv/{token}/screens/today")
    assert (fragment.status_code, fragment.mimetype) == (404, "text/plain")


def test_unknown_tokens_are_limited_per_client_and_valid_ones_never(
    wall: Person, tv: Tv, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unknown_limit, "MAX_REQUESTS", 3)
    statuses = [wall.get(f"/tv/{n:043d}").status_code for n in range(5)]
    assert statuses == [404, 404, 404, 429, 429]
    assert wall.get(tv.path).status_code == 200


def test_a_revoked_tv_says_so_and_shows_no_figure(wall: Person, world: World, tv: Tv) -> None:
    world.conn.execute("UPDATE tv_links SET revoked_at = now()")
    page = wall.get(tv.path)
    assert page.status_code == 410
    assert "This TV link was revoked. A manager can make a new one under Settings → TV screens." in text(page.text)
    assert "Northwind" not in page.text
    assert [wall.get(address).status_code for address in tv.below()] == [410] * len(tv.below())


def test_the_address_is_sent_to_no_other_site_and_no_search_engine(wall: Person, tv: Tv) -> None:
    for address in (*tv.below(), f"/tv/{'A' * 43}"):
        headers = wall.get(address).headers
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["X-Robots-Tag"] == "noindex, nofollow"
        assert "Content-Security-Policy" in headers
    assert wall.get("/sign-in").headers["Referrer-Policy"] == "same-origin"


def test_the_token_is_in_no_log_line_even_of_an_error(
    app: Flask, wall: Person, tv: Tv, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    app.config["PROPAGATE_EXCEPTIONS"] = False
    monkeypatch.setattr(tv_views, "screen", broken)
    logs.configure({"LOG_FORMAT": "logfmt", "LOG_LEVEL": "DEBUG"})
    logging.getLogger().setLevel(logging.DEBUG)
    assert wall.get(f"{tv.path}/screens/today").status_code == 500
    wall.get(tv.path)
    logged = capfd.readouterr().err
    assert "/tv/[token]/screens/today" in logged
    assert tv.token not in logged


def test_an_error_page_of_a_tv_loads_itself_again(
    app: Flask, wall: Person, tv: Tv, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.config["PROPAGATE_EXCEPTIONS"] = False
    monkeypatch.setattr(tv_views, "page", broken)
    response = wall.get(tv.path)
    assert (response.status_code, response.headers["Refresh"]) == (500, "15")


def test_only_the_hash_of_a_token_is_stored(world: World, tv: Tv) -> None:
    row = world.conn.execute("SELECT tv_links::text FROM tv_links").fetchone()
    assert row is not None
    assert tv.token not in row[0]
    assert len(tv.token) == 43


@pytest.mark.usefixtures("long_minutes")
def test_tvs_of_the_same_look_share_a_render_and_others_do_not(
    app: Flask, world: World, tenant: int, redis_client: redis.Redis
) -> None:
    publisher.publish(redis_client, tenant, {"placed": None})
    first, second = make_tv(world, tenant), make_tv(world, tenant)
    german, private = make_tv(world, tenant, language="de"), make_tv(world, tenant, hides_money=True)
    with statements(app) as sent:
        bodies, queries = [], []
        for each in (first, second, german, private):
            sent.clear()
            bodies.append(Person(app).get(f"{each.path}/screens/today").text)
            queries.append(sum("jsonb_object_agg" in statement for statement in sent))
    assert bodies[0] == bodies[1]
    assert len(set(bodies)) == 3
    assert [bool(count) for count in queries] == [True, False, True, True]
