"""The cache of signed-in users: how long it is used, which requests bypass it, and how many queries it saves."""

from __future__ import annotations

from uuid import uuid4

import pytest
from flask import Flask

from webapp import create_app
from webapp.accounts import cookie_cache, user_cache
from webapp.accounts.cached_user import SessionUser
from webapp.accounts.sessions import SessionKey
from webapp.accounts.user_cache import KEPT_SECONDS, UserCache
from webapp.services import services

from ..conftest import config_for
from ..support.browser import Person
from ..support.viewers import at_once, statements
from ..support.world import Service, World

USERS = "JOIN tenancy_session_tenants"


class Clock:
    def __init__(self, app: Flask) -> None:
        self.seconds = 1_000.0
        services(app).users.clock = lambda: self.seconds

    def after(self, seconds: float) -> None:
        self.seconds += seconds


@pytest.fixture
def clock(app: Flask) -> Clock:
    return Clock(app)


@pytest.fixture
def tenant(world: World) -> int:
    return world.tenant()


@pytest.fixture
def ana(app: Flask, world: World, tenant: int, clock: Clock) -> Person:
    person = Person(app, world.user(tenant))
    assert person.get("/panels/revenue").status_code == 200
    return person


def test_rights_are_rechecked_well_within_a_minute() -> None:
    assert KEPT_SECONDS <= 10


def test_a_removed_user_can_read_until_the_cache_expires(world: World, ana: Person, clock: Clock) -> None:
    world.conn.execute("DELETE FROM users")
    clock.after(KEPT_SECONDS)
    assert ana.get("/panels/revenue").status_code == 200
    clock.after(0.1)
    assert ana.get("/panels/revenue").status_code == 401
    assert ana.get("/").status_code == 303


def test_a_removed_user_cannot_write(world: World, ana: Person, tenant: int) -> None:
    order = world.order(tenant, number="A1")
    token = ana.csrf_token()
    world.conn.execute("DELETE FROM users")
    answer = ana.client.post("/orders/A1/payment", data={"csrf_token": token})
    assert (answer.status_code, answer.location) == (303, "/sign-in")
    assert world.conn.execute("SELECT status FROM orders WHERE id = %s", [order]).fetchone() == ("placed",)
    assert ana.get("/panels/revenue").status_code == 401, "the write updated the cache"


def test_a_user_moved_to_another_tenant_reads_the_old_one_from_the_cache_and_writes_in_the_new_one(
    world: World, ana: Person, clock: Clock, tenant: int
) -> None:
    world.order(tenant, number="OLD", customer="Of the old tenant")
    token = ana.csrf_token()
    world.conn.execute("UPDATE users SET tenant_id = %s", [world.tenant("other")])
    assert "Of the old tenant" in ana.get("/panels/recent_orders").text
    assert ana.client.post("/orders/OLD/payment", data={"csrf_token": token}).status_code == 404
    assert "Of the old tenant" not in ana.get("/panels/recent_orders").text
    assert world.conn.execute("SELECT status FROM orders").fetchone() == ("placed",)


def test_a_moved_user_reads_the_new_tenant_once_the_cache_expires(
    world: World, ana: Person, clock: Clock, tenant: int
) -> None:
    world.order(tenant, customer="Of the old tenant")
    world.conn.execute("UPDATE users SET tenant_id = %s", [world.tenant("other")])
    clock.after(KEPT_SECONDS + 0.1)
    assert "Of the old tenant" not in ana.get("/panels/recent_orders").text


def test_a_sign_out_removes_the_user_from_the_cache(app: Flask, ana: Person) -> None:
    ana.post("/sign-out")
    assert ana.get("/panels/revenue").status_code == 401
    assert services(app).users.kept[0] == 0


def test_a_thousand_users_cost_a_few_queries_per_ten_seconds(
    app: Flask, world: World, tenant: int, clock: Clock
) -> None:
    world.conn.execute(
        "INSERT INTO users (tenant_id, name, email)"
        " SELECT %s, 'U N', 'u' || n || '@example.com' FROM generate_series(1, 1000) n",
        [tenant],
    )
    ids = [row[0] for row in world.conn.execute("SELECT id FROM users")]
    cache = services(app).users
    with app.app_context(), statements(app) as sent:
        for user_id in ids:
            cache.get(user_id)
        for _ in range(6):  # a minute
            sent.clear()
            clock.after(KEPT_SECONDS + 0.1)
            assert all(cache.get(user_id) is not None for user_id in ids)
            assert 1 <= sent.about(USERS) <= 1 + len(ids) // user_cache.MAX_AT_ONCE


def test_unused_users_are_dropped(app: Flask, world: World, tenant: int, ana: Person, clock: Clock) -> None:
    ben = world.user(tenant, "Ben Okafor")
    cache = services(app).users
    with app.app_context():
        cache.get(ben)
    assert cache.keeps(SessionUser(ben, None))
    for _ in range(3):
        clock.after(KEPT_SECONDS + 0.1)
        ana.get("/panels/revenue")
    assert not cache.keeps(SessionUser(ben, None))


def test_fifty_concurrent_users_cost_fewer_queries_than_users(service: Service, world: World, tenant: int) -> None:
    app = create_app(config_for(service))
    people = [Person(app, world.user(tenant, f"U{n} Name")) for n in range(50)]
    with statements(app) as sent, at_once([lambda p=p: p.get("/panels/inbox") for p in people]) as answers:
        assert {answer.result().status_code for answer in answers} == {200}
    assert sent.about(USERS) < 50


def test_a_full_cache_drops_the_users_that_were_read_first(
    app: Flask, monkeypatch: pytest.MonkeyPatch, world: World, tenant: int
) -> None:
    monkeypatch.setattr(user_cache, "MAX_KEPT", 5)
    cache = UserCache(app)
    people = [world.user(tenant, f"U{n} Name") for n in range(8)]
    with app.app_context(), statements(app) as sent:
        for user in [*people, people[3]]:
            cache.get(user)
        assert sent.about(USERS) == len(people), "the fourth is still cached"
        cache.reload(people[3])
        cache.get(people[0])
    assert [n for n, user in enumerate(people) if cache.keeps(SessionUser(user, None))] == [0, 3, 5, 6, 7]


def test_a_full_cache_drops_the_cookies_that_were_verified_first(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cookie_cache, "MAX_KEPT", 5)
    cookies = UserCache(app).cookies
    for n in range(20):
        cookies.remember(f"session={n}", n, None, 60)
        cookies.remember("session=0", 0, None, 60)
        assert len(cookies) <= 5
    found = [cookies.get(f"session={n}") for n in (0, 15, 16, 19)]
    assert [cookie.user.user_id if cookie else None for cookie in found] == [0, None, 16, 19]


def test_a_long_cookie_header_is_not_cached(app: Flask) -> None:
    cookies = UserCache(app).cookies
    cookies.remember("x" * (cookie_cache.MAX_CHARS + 1), 1, None, 60)
    assert len(cookies) == 0


def test_a_session_that_ended_is_refused_while_others_go_on(app: Flask, world: World, tenant: int) -> None:
    user, ends = world.user(tenant), 4_000_000_000
    ended, open_one = SessionKey(str(uuid4()), ends), SessionKey(str(uuid4()), ends)
    cache = UserCache(app)
    with app.app_context():
        assert cache.get(user, ended)
        cache.end(ended.id)
        assert cache.get(user, ended) is None
        assert cache.reload(user, ended) is None
        assert cache.get(user, open_one)
