"""The notice of a changed destination: to admins only, at most one per second, and none without a change."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Thread
from typing import Any

import psycopg
import pytest
import redis

from webapp.events.topics import RELAY
from webapp.redis_client import connect
from webapp.relay import verbs
from webapp.relay.notice import INTERVAL_MS, KEY, RelayNotices

from ..support.ports import free_port
from ..support.relay import ACTOR, Relay
from ..support.signals import published
from ..support.wait import eventually
from ..support.world import World


@pytest.fixture
def ida(world: World, acme: int) -> int:
    return world.user(acme, "Ida Admin", role="admin")


@pytest.fixture
def notices(redis_client: redis.Redis) -> Iterator[RelayNotices]:
    notices = RelayNotices(redis_client)
    yield notices
    notices.close()


def users(client: redis.Redis, tenant: int) -> list[dict[int, list[str]]]:
    """The users of each signal, which has no topic for all users."""
    found = published(client, tenant)
    assert [signal.topics for signal in found] == [{}] * len(found)
    return [{user: list(names) for user, names in signal.users.items()} for signal in found]


def test_a_run_that_sent_announces_it_to_the_admins_only(
    relay: Relay, world: World, acme: int, ida: int, redis_client: redis.Redis
) -> None:
    world.user(acme, "Ana Silva")
    world.user(acme, "Dora Disabled", role="admin", disabled_at="2026-01-01")
    relay.add(tenant_id=acme)
    world.order(acme)
    relay.run()
    assert users(redis_client, acme)[0] == {ida: [RELAY]}


def test_a_run_without_a_change_announces_nothing(
    relay: Relay, world: World, acme: int, ida: int, redis_client: redis.Redis
) -> None:
    relay.add(tenant_id=acme)
    world.order(acme)
    relay.run()
    worker: Any = relay.worker
    worker._notices.flush()  # else a notice that waits for the end of the first one's second may come later
    eventually(lambda: not redis_client.exists(KEY.format(acme)))
    before = len(users(redis_client, acme))
    assert before
    relay.run()
    assert not redis_client.exists(KEY.format(acme))
    assert len(users(redis_client, acme)) == before


def test_a_failure_is_announced(relay: Relay, world: World, acme: int, ida: int, redis_client: redis.Redis) -> None:
    relay.add(url=f"redis://127.0.0.1:{free_port()}/0?stream=orders", tenant_id=acme)
    world.order(acme)
    run = Thread(target=relay.run)
    run.start()
    # The next failures are announced too, once per second.
    eventually(lambda: {ida: [RELAY]} in users(redis_client, acme))
    assert relay.find().last_error
    relay.worker.stop()
    run.join()


def test_changes_within_a_second_are_two_notices_the_last_of_them_at_its_end(
    notices: RelayNotices, relay: Relay, acme: int, ida: int, redis_client: redis.Redis
) -> None:
    for _change in range(20):
        notices.changed(relay.conn, acme)
    assert len(users(redis_client, acme)) == 1
    eventually(lambda: len(users(redis_client, acme)) == 2)
    assert users(redis_client, acme) == [{ida: [RELAY]}] * 2


def test_the_last_change_is_announced_although_the_timer_ends_before_the_second_does_in_redis(
    notices: RelayNotices, relay: Relay, acme: int, ida: int, redis_client: redis.Redis
) -> None:
    notices.changed(relay.conn, acme)
    notices.changed(relay.conn, acme)
    redis_client.pexpire(KEY.format(acme), INTERVAL_MS + 500)
    notices.flush()
    assert users(redis_client, acme) == [{ida: [RELAY]}] * 2


def test_a_change_that_another_process_has_announced_since_is_not_announced_once_more(
    notices: RelayNotices, relay: Relay, acme: int, ida: int, redis_client: redis.Redis
) -> None:
    notices.changed(relay.conn, acme)
    redis_client.pexpire(
        KEY.format(acme), 2 * INTERVAL_MS
    )  # on a slow machine too, the other process comes before the timer
    notices.changed(relay.conn, acme)
    redis_client.delete(KEY.format(acme))
    RelayNotices(redis_client).changed(relay.conn, acme)
    redis_client.persist(KEY.format(acme))  # and its notice is there when the timer ends
    notices.flush()
    assert users(redis_client, acme) == [{ida: [RELAY]}] * 2


def test_a_destination_of_all_tenants_is_announced_only_to_the_only_tenant(
    notices: RelayNotices, relay: Relay, world: World, acme: int, ida: int, redis_client: redis.Redis
) -> None:
    notices.changed(relay.conn, None)
    assert len(users(redis_client, acme)) == 1
    redis_client.flushall()
    other = world.tenant("globex")
    world.user(other, "Otto Other", role="admin")
    notices.changed(relay.conn, None)
    assert (users(redis_client, acme), users(redis_client, other)) == ([], [])


def test_without_redis_a_change_is_no_error(relay: Relay, acme: int, ida: int, conn: psycopg.Connection) -> None:
    with connect(f"redis://127.0.0.1:{free_port()}/0") as client:
        RelayNotices(client).changed(conn, acme)
    destination = relay.add(tenant_id=acme)
    verbs.pause(conn, destination, ACTOR)
    assert relay.find().state == "paused"
