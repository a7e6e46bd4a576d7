"""Sessions that expire, and the rows of ended ones."""

from __future__ import annotations

import time

import flask_migrate
import pytest

from webapp import create_app
from webapp.accounts.sessions import SessionKey
from webapp.accounts.user_cache import KEPT_SECONDS
from webapp.services import services
from webapp.streams.base import Stream
from webapp.streams.revocation import Revocations

from ..conftest import config_for
from ..support.browser import Person
from ..support.ended_sessions import ended
from ..support.processes import SECRET
from ..support.task_environment import set_environment
from ..support.web_app import Web, cookie_of
from ..support.world import Service, World

pytestmark = pytest.mark.usefixtures("heartbeat")


def test_without_postgresql_only_expired_sessions_end_streams(service: Service) -> None:
    young, old = Stream(1, 1), Stream(1, 1)
    young.session, old.session = SessionKey("a", int(time.time()) + 60), SessionKey("b", int(time.time()) - 1)
    away = create_app(config_for(service, DATABASE_URL="postgresql://nobody@127.0.0.1:1/none"))
    assert list(Revocations(away, services(away).users).revoked([young, old])) == [(old, "session")]


def test_a_session_expires(service: Service, user: int) -> None:
    web = Web(service)
    person = Person(web.app)
    person.get("/demo?as=sales")
    cookie = cookie_of(person)
    stream = web.stream(cookie)
    assert web.sees(cookie) == web.sees(cookie) == 200
    web.looks()
    assert web.hub.count() == 1
    lifetime = web.app.permanent_session_lifetime.total_seconds()
    web.users.now = lambda: time.time() + lifetime + 1
    web.seconds += KEPT_SECONDS + 0.1
    assert person.get("/orders").location == "/sign-in?next=/orders"
    assert person.client.post("/orders").location == "/sign-in"
    expired = Stream(1, user)
    expired.session = SessionKey("x", int(time.time()))
    assert [cause for _stream, cause in Revocations(web.app, web.users).revoked([expired])] == ["session"]
    web.hub.close_all(0.0)
    assert list(stream) == []


def test_rows_of_expired_sessions_are_removed(
    service: Service, ana: Person, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana.post("/sign-out")
    world.conn.execute(
        "INSERT INTO ended_sessions (id, expires_at) SELECT gen_random_uuid(), now() FROM generate_series(1, 3)"
    )
    values = {"DATABASE_URL": service.database_url, "REDIS_URL": service.redis_url, "SECRET_KEY": SECRET}
    set_environment(monkeypatch, **values)
    from tasks.sessions import remove

    assert remove() == 3
    assert ended(world.conn) == 1
    assert remove() == 0


def test_the_migration_upgrades_and_downgrades_a_database_with_data(service: Service, user: int, world: World) -> None:
    app = create_app(config_for(service))
    with app.app_context():
        flask_migrate.downgrade(revision="0004")
        assert world.conn.execute("SELECT to_regclass('ended_sessions')").fetchone() == (None,)
        flask_migrate.upgrade()
    person = Person(app, user)
    person.post("/orders/A1/payment")
    person.post("/sign-out")
    assert ended(world.conn) == 1
    with app.app_context():
        flask_migrate.downgrade(revision="0004")
        assert world.conn.execute("SELECT status FROM orders").fetchone() == ("paid",)
        flask_migrate.upgrade()
    assert ended(world.conn) == 0
