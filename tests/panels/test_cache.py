"""One query and one render for all viewers, and never older than the newest signal. With a real PostgreSQL and Redis."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from zoneinfo import ZoneInfo

import psycopg
import pytest
import redis
from flask import Flask

from webapp import create_app
from webapp.panels.groups import GROUP_OF, GROUPS
from webapp.panels.registry import MAX_AGE_SECONDS, PANELS
from webapp.panels.scheduler import RenderScheduler
from webapp.services import services
from webapp.signals import publisher

from ..conftest import config_for
from ..support.browser import Person
from ..support.panels import ask, counted, revenue
from ..support.viewers import at_once, statements
from ..support.wait import eventually
from ..support.world import Service, World

pytestmark = pytest.mark.usefixtures("long_minutes")

VIEWERS = 50
REVENUE = "AS refunded,"  # in the revenue tile's statement


@pytest.mark.parametrize("panel", PANELS)
def test_a_panel_is_queried_once_until_a_signal_of_its_topics(
    app: Flask, redis_client: redis.Redis, tenant: int, ana: Person, panel: str
) -> None:
    ask(ana, panel)
    with statements(app) as sent:
        for _ in range(3):
            ask(ana, panel)
        assert sent == []
        for topic in ("orders", "revenue", "placed", "rollups", "day", "resync"):
            sent.clear()
            publisher.publish(redis_client, tenant, {topic: None})
            ask(ana, panel)
            is_due = topic == "resync" or topic in GROUPS[GROUP_OF[panel]].topics
            assert bool(sent) == is_due, topic
            assert max(Counter(sent).values(), default=0) <= 1, "each statement once"


@pytest.mark.usefixtures("long_locks")
def test_fifty_concurrent_requests_cost_one_query_and_share_its_render(
    app: Flask, world: World, service: Service, tenant: int
) -> None:
    people = [Person(app, world.user(tenant, f"U{n} Name")) for n in range(VIEWERS)]
    world.order(tenant, 4200, paid_at=world.now())
    waited = counted("wait")
    with statements(app) as sent, psycopg.connect(service.database_url) as holder:
        holder.execute("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE")  # until all requests have arrived
        with at_once([lambda person=person: ask(person) for person in people]) as answers:
            eventually(lambda: counted("wait") - waited == VIEWERS - 1)
            holder.rollback()
    assert {revenue(answer.result()) for answer in answers} == {4200}
    assert sent.about(REVENUE) == 1
    assert sent.about("FROM users") <= VIEWERS


@pytest.mark.usefixtures("long_locks")
@pytest.mark.parametrize("why", ["redis is away", "the log is empty"])
def test_without_a_log_no_render_is_kept_and_fifty_concurrent_requests_share_queries(
    service: Service, world: World, why: str
) -> None:
    changes = {"REDIS_URL": "redis://127.0.0.1:1/0"} if why == "redis is away" else {}
    app = create_app(config_for(service, **changes))
    scheduler: RenderScheduler = services(app).renders
    tenant = world.tenant()
    people = [Person(app, world.user(tenant, f"U{n} Name")) for n in range(VIEWERS)]
    with statements(app) as sent:
        with psycopg.connect(service.database_url) as holder:
            holder.execute("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE")
            with at_once([lambda person=person: ask(person) for person in people]) as answers:
                eventually(lambda: scheduler.unkept.waiting == VIEWERS - 1)
                holder.rollback()
        assert {answer.result().status_code for answer in answers} == {200}
        assert sent.about(REVENUE) == 2, "one for the first request, and one for all that came during it"
        sent.clear()
        for _ in range(3):
            assert "Doorbell-Seq" not in ask(people[0]).headers
        assert sent.about(REVENUE) == 3


def test_two_tenants_or_two_roles_never_share_a_render(
    app: Flask, world: World, redis_client: redis.Redis, tenant: int, ana: Person
) -> None:
    other = world.tenant("other", locale="de_DE")
    publisher.publish(redis_client, other, {"placed": None})
    theirs = Person(app, world.user(other))
    world.order(tenant, 100, paid_at=world.now())
    world.order(other, 999, paid_at=world.now())
    with statements(app) as sent:
        for _ in range(3):
            assert (revenue(ask(ana)), revenue(ask(theirs))) == (100, 999)
        assert sent.about(REVENUE) == 2
        manager = Person(app, world.user(tenant, "Max Chef", role="manager"))
        assert revenue(ask(manager)) == 100
        assert sent.about(REVENUE) == 3


def test_a_changed_locale_changes_the_renders(app: Flask, world: World, tenant: int, ana: Person) -> None:
    world.order(tenant, 123_456, paid_at=world.now())
    assert "€1,234.56" in ask(ana).text
    world.conn.execute("UPDATE tenants SET locale = 'de_DE'")
    services(app).users.clock = lambda: 1e9  # expires the cached users
    assert "1.234,56" in ask(ana).text


def test_a_render_ends_at_midnight_and_at_its_maximum_age(
    app: Flask, world: World, redis_client: redis.Redis, tenant: int, ana: Person
) -> None:
    zone = ZoneInfo("Europe/Berlin")
    scheduler = services(app).renders

    def at(day: int, hour: int, minute: int, second: float) -> None:
        moment = datetime(2026, 5, day, hour, minute, tzinfo=zone).timestamp() + second
        scheduler.epoch = lambda: moment
        seconds = max(scheduler.clock(), moment)
        scheduler.clock = lambda: seconds

    world.order(tenant, 100, paid_at=datetime(2026, 5, 20, 23, 0, tzinfo=zone))
    with statements(app) as sent:
        at(20, 23, 59, 50)
        assert revenue(ask(ana)) == 100
        at(20, 23, 59, 55)
        assert revenue(ask(ana)) == 100
        assert sent.about(REVENUE) == 1
        at(21, 0, 0, 1)
        assert revenue(ask(ana)) == 0, "a new day, without a signal"
        at(21, 0, 0, 1 + MAX_AGE_SECONDS - 1)
        ask(ana)
        assert sent.about(REVENUE) == 2
        at(21, 0, 0, 1 + MAX_AGE_SECONDS)
        ask(ana)
        assert sent.about(REVENUE) == 3
        at(21, 0, 0, 0)
        ask(ana)
        assert sent.about(REVENUE) == 4, "a clock that was set back makes no render valid again"


def test_an_error_reaches_all_waiters_and_is_not_kept(app: Flask, world: World, service: Service, tenant: int) -> None:
    people = [Person(app, world.user(tenant, f"U{n} Name")) for n in range(10)]
    with statements(app) as sent, psycopg.connect(service.database_url) as holder:
        holder.execute("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE")  # longer than the lock timeout
        with at_once([lambda person=person: ask(person) for person in people]) as answers:
            assert {answer.result().status_code for answer in answers} == {503}
        assert sent.about(REVENUE) == 1
        holder.rollback()
        assert {ask(person).status_code for person in people} == {200}


def test_a_row_is_read_once_for_all_and_a_deleted_one_is_not_kept(
    app: Flask, world: World, redis_client: redis.Redis, tenant: int, ana: Person
) -> None:
    order = world.order(tenant)
    ben = Person(app, world.user(tenant, "Ben Okafor"))
    with statements(app) as sent:
        for person in (ana, ben):
            assert ask(person, f"recent_orders/{order}").status_code == 200
        assert sent.about("FROM (SELECT * FROM orders") == 1
        world.conn.execute("DELETE FROM orders")
        publisher.publish(redis_client, tenant, {"orders": [order]})
        for person in (ana, ben):
            assert ask(person, f"recent_orders/{order}").status_code == 404
        assert sent.about("FROM (SELECT * FROM orders") == 3


def test_the_first_paint_uses_the_cached_renders(app: Flask, tenant: int, ana: Person) -> None:
    for panel in PANELS:
        ask(ana, panel)
    with statements(app) as sent:
        page = ana.get("/")
    assert page.status_code == 200
    assert [statement for statement in sent if "notifications" not in statement] == []


def test_the_inbox_is_never_shared(app: Flask, world: World, tenant: int, ana: Person) -> None:
    with statements(app) as sent:
        for _ in range(2):
            assert ask(ana, "inbox").status_code == 200
    assert sent.about("notifications") == 2
