"""The drain: which events it reads, and which signals it coalesces and publishes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
import redis

from webapp.doorbell import connection
from webapp.outbox import drain
from webapp.redis_client import connect
from webapp.signals import publisher, signal_log

from ..support.signals import published
from ..support.world import Service, World


def test_the_first_start_makes_every_page_resync_and_reads_from_the_present(
    world: World, reader: connection.Connection, redis_client: redis.Redis
) -> None:
    tenant = world.tenant()
    world.order(tenant)
    cursor = drain.open_cursor(reader, redis_client)
    assert drain.drain(reader, redis_client, cursor).events == 0
    assert [list(signal.topics) for signal in published(redis_client, tenant)] == [["resync"]]


def test_many_events_become_one_signal_per_tenant(
    world: World, reader: connection.Connection, redis_client: redis.Redis
) -> None:
    first, second = world.tenant("first"), world.tenant("second")
    cursor = drain.open_cursor(reader, redis_client)
    one, two = world.order(first), world.order(first)
    other = world.order(second)
    world.change(one, paid_at=world.now())
    drained = drain.drain(reader, redis_client, cursor)
    assert (drained.events, drained.signals) == (4, 2)
    assert published(redis_client, first)[-1].topics == {"orders": [one, two], "placed": None, "revenue": None}
    assert published(redis_client, second)[-1].topics == {"orders": [other], "placed": None}


def test_a_signal_names_fifty_orders_at_most(
    world: World, reader: connection.Connection, redis_client: redis.Redis
) -> None:
    tenant = world.tenant()
    cursor = drain.open_cursor(reader, redis_client)
    for _ in range(50):
        world.order(tenant)
    cursor = drain.drain(reader, redis_client, cursor).cursor
    for _ in range(51):
        world.order(tenant)
    drain.drain(reader, redis_client, cursor)
    fifty, more = published(redis_client, tenant)[-2:]
    assert len(fifty.topics["orders"] or []) == 50
    assert more.topics["orders"] is None


def test_only_the_owner_of_a_paid_order_gets_the_inbox_topic(
    world: World, reader: connection.Connection, redis_client: redis.Redis
) -> None:
    tenant = world.tenant()
    ana, ben = world.user(tenant, "Ana Silva"), world.user(tenant, "Ben Okafor")
    paid, edited = world.order(tenant, owner_id=ana), world.order(tenant, owner_id=ben)
    cursor = drain.open_cursor(reader, redis_client)
    world.change(paid, paid_at=world.now())
    world.change(edited, customer="Hanari Carnes")
    drain.drain(reader, redis_client, cursor)
    assert published(redis_client, tenant)[-1].users == {ana: ["inbox"]}


def test_events_without_a_listener_are_read_at_the_next_start(
    world: World, reader: connection.Connection, redis_client: redis.Redis, service: Service
) -> None:
    tenant = world.tenant()
    drain.drain(reader, redis_client, drain.open_cursor(reader, redis_client))
    reader.close()
    missed = world.order(tenant)
    with connection.connect(service.database_url) as restarted:
        drain.drain(restarted, redis_client, drain.open_cursor(restarted, redis_client))
    assert published(redis_client, tenant)[-1].topics["orders"] == [missed]


def test_a_failed_publish_does_not_move_the_cursor(
    world: World, reader: connection.Connection, redis_client: redis.Redis
) -> None:
    tenant = world.tenant()
    cursor = drain.open_cursor(reader, redis_client)
    order = world.order(tenant)
    with connect("redis://127.0.0.1:1/0") as nowhere, pytest.raises(redis.RedisError):
        drain.drain(reader, nowhere, cursor)
    drain.drain(reader, redis_client, drain.open_cursor(reader, redis_client))
    assert published(redis_client, tenant)[-1].topics["orders"] == [order]


def test_a_drain_that_saves_nothing_leaves_that_to_the_next_one_without_signals(
    world: World, reader: connection.Connection, redis_client: redis.Redis
) -> None:
    tenant = world.tenant()
    cursor = drain.open_cursor(reader, redis_client)
    for _ in range(3):
        world.order(tenant)
        after = drain.drain(reader, redis_client, cursor, save=False).cursor
        assert after.signalled
        assert after.saved == cursor.saved
        cursor = after
    after = drain.drain(reader, redis_client, cursor, save=False).cursor
    assert not after.signalled
    assert after.saved == after.snapshot
    saved = drain.LISTENER.saved(reader)
    assert saved is not None
    assert saved.snapshot == after.snapshot


def test_a_listener_that_dies_before_it_saves_repeats_its_signals(
    world: World, reader: connection.Connection, redis_client: redis.Redis
) -> None:
    tenant = world.tenant()
    cursor = drain.open_cursor(reader, redis_client)
    order = world.order(tenant)
    drain.drain(reader, redis_client, cursor, save=False)
    drain.drain(reader, redis_client, drain.open_cursor(reader, redis_client))
    assert [signal.topics.get("orders") for signal in published(redis_client, tenant)[-2:]] == [[order], [order]]


def test_each_tenant_is_signalled_after_its_own_midnight(
    world: World, reader: connection.Connection, redis_client: redis.Redis
) -> None:
    zones = ["Pacific/Kiritimati", "Europe/Berlin", "Pacific/Pago_Pago"]
    tenants = [world.tenant(f"zone-{n}", timezone=zone) for n, zone in enumerate(zones)]
    cursor = drain.open_cursor(reader, redis_client)
    a_day_ago = replace(cursor, drained_at=cursor.drained_at - timedelta(days=1))
    after = drain.drain(reader, redis_client, a_day_ago)
    assert after.signals == 3
    assert [list(published(redis_client, tenant)[-1].topics) for tenant in tenants] == [["day"]] * 3
    assert drain.drain(reader, redis_client, after.cursor).signals == 0


def test_a_tenant_with_an_invalid_zone_does_not_stop_the_others(
    world: World, reader: connection.Connection, redis_client: redis.Redis
) -> None:
    # PostgreSQL accepts this zone, zoneinfo does not.
    world.tenant("odd", timezone="XYZ+3")
    good = world.tenant("good")
    cursor = drain.open_cursor(reader, redis_client)
    order = world.order(good)
    drain.drain(reader, redis_client, replace(cursor, drained_at=cursor.drained_at - timedelta(days=1)))
    assert published(redis_client, good)[-1].topics == {"orders": [order], "placed": None, "day": None}


def test_seq_rises_even_when_the_clock_does_not(redis_client: redis.Redis) -> None:
    seqs = [publisher.publish(redis_client, 5, {"placed": None}, now_ms=now) for now in (1_000, 1_000, 400, 2_000)]
    assert seqs == [1_000, 1_001, 1_002, 2_000]
    assert [signal.seq for signal in signal_log.read(redis_client, 5, 1_000).since(1_000) or []] == [
        1_001,
        1_002,
        2_000,
    ]


def test_the_log_returns_none_when_it_does_not_reach_back(redis_client: redis.Redis) -> None:
    assert signal_log.read(redis_client, 5, 0).since(0) == []
    assert signal_log.read(redis_client, 5, 77).since(77) is None, "an emptied Redis has lost the missed signals"
    first = publisher.publish(redis_client, 5, {"placed": None})
    assert signal_log.read(redis_client, 5, first).since(first) == []
    assert signal_log.read(redis_client, 5, first - 1).since(first - 1) is None
    assert signal_log.read(redis_client, 5, first + 1).since(first + 1) is None, "the log has lost its end"
