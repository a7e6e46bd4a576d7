"""After a signal no process serves an older render, whatever happens to Redis's log."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import psycopg
import pytest
import redis
from flask import Flask

from webapp import create_app, redis_client
from webapp.launcher.embedded import Embedded
from webapp.signals import publisher

from ..conftest import config_for
from ..support.browser import Person
from ..support.panels import ask, counted, revenue
from ..support.viewers import statements
from ..support.wait import eventually
from ..support.world import Service, World

pytestmark = pytest.mark.usefixtures("long_minutes")

REVENUE = "AS refunded,"  # in the revenue tile's statement
WRITE_SECONDS = 60.0


class RevenueWriter:
    """Writes increasing revenue and signals it; `signalled` is the last amount that was signalled."""

    def __init__(self, service: Service, world: World, tenant: int) -> None:
        self._service, self._tenant = service, tenant
        self._order = world.order(tenant, 0, paid_at=world.now())
        self.signalled = 0
        self.open = True

    def write(self, changes: int, is_enough: Callable[[], bool], is_quiet_enough: Callable[[], bool]) -> None:
        """At least so many changes, and on a slow machine more until `is_enough`; then none until `is_quiet_enough`."""
        deadline = time.monotonic() + WRITE_SECONDS
        try:
            with psycopg.connect(self._service.database_url, autocommit=True) as conn:
                while self.signalled < changes or not (is_enough() or time.monotonic() > deadline):
                    total = self.signalled + 1
                    conn.execute("UPDATE orders SET total_minor = %s WHERE id = %s", [total, self._order])
                    eventually(self._signal)
                    self.signalled = total
            eventually(is_quiet_enough)
        finally:
            self.open = False

    def _signal(self) -> bool:
        try:
            with redis_client.connect(self._service.redis_url) as client:
                return publisher.publish(client, self._tenant, {"revenue": None}) > 0
        except redis.RedisError:
            return False


@pytest.mark.parametrize("restarted", [False, True])
def test_after_a_signal_no_process_serves_an_older_render(
    service: Service, world: World, tenant: int, embedded: Embedded, restarted: bool
) -> None:
    """Two apps, each with its own cache and three viewers, while a writer changes and signals; Redis may restart."""
    apps = [create_app(config_for(service)) for _ in range(2)]
    shop = RevenueWriter(service, world, tenant)
    users = [world.user(tenant, f"U{n} Name") for n in range(6)]
    faults: list[tuple[int, int]] = []
    answers: list[int] = []
    from_memory = counted("memory")
    restarts = 2 if restarted else 0

    def is_enough() -> bool:
        return restarts == 0 and len(answers) > 50

    def some_came_from_memory() -> bool:
        return counted("memory") > from_memory

    def watch(n: int) -> None:
        person = Person(apps[n % 2], users[n])
        while shop.open:
            signalled = shop.signalled
            shown = revenue(ask(person))
            answers.append(shown)
            if shown < signalled:
                faults.append((signalled, shown))

    threads = [threading.Thread(target=watch, args=[n]) for n in range(6)]
    writer = threading.Thread(target=shop.write, args=[200, is_enough, some_came_from_memory])
    for thread in (*threads, writer):
        thread.start()
    while restarts:
        before = len(answers)
        embedded.redis.stop(9)
        embedded.redis.start()
        eventually(lambda before=before: len(answers) > before + 50 or not shop.open, WRITE_SECONDS)
        restarts -= 1
    for thread in (*threads, writer):
        thread.join()
    assert faults == []
    assert len(answers) > 50, "they asked during the changes"
    assert counted("memory") > from_memory, "guard: some came from memory"


def test_an_emptied_redis_invalidates_all_renders(
    app: Flask, redis_client: redis.Redis, tenant: int, ana: Person
) -> None:
    ask(ana)
    redis_client.flushall()
    with statements(app) as sent:
        ask(ana)
        assert sent.about(REVENUE) == 1, "the lost log may have held a newer signal"
        publisher.publish(redis_client, tenant, {"rollups": None})
        ask(ana)
        ask(ana)
        assert sent.about(REVENUE) >= 2, "a new log does not revalidate old renders"


def test_a_signal_of_another_version_invalidates_all_renders(
    app: Flask, redis_client: redis.Redis, tenant: int, ana: Person
) -> None:
    ask(ana, "history")
    redis_client.xadd(publisher.log_key(tenant), {"signal": "{}"})
    with statements(app) as sent:
        ask(ana, "history")
    assert len(sent) == 1


def test_more_signals_than_one_read_returns_invalidate_all_renders(
    app: Flask, redis_client: redis.Redis, tenant: int, ana: Person
) -> None:
    ask(ana, "history")
    for _ in range(150):
        publisher.publish(redis_client, tenant, {"rollups": None})
    with statements(app) as sent:
        for _ in range(3):
            ask(ana, "history")
        assert 1 <= len(sent) <= 2
