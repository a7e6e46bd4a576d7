"""A destination gets the committed events from its cursor on, in order per order, numbered without a gap."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import psycopg
import pytest
import redis

from webapp.relay import verbs
from webapp.relay.destinations import NoSuchDestination
from webapp.relay.verbs import BEGINNING

from ..support.relay import ACTOR, Relay, entries, event_ids
from ..support.world import World


def test_a_new_destination_gets_the_events_from_now_on(
    relay: Relay, world: World, acme: int, redis_client: redis.Redis
) -> None:
    world.order(acme)
    relay.add()
    order = world.order(acme, 4200, number="A-7")
    world.change(order, paid_at="now()")
    assert relay.run() is False
    placed, paid = entries(redis_client)
    assert placed["type"] == "doorbell.order.placed"
    assert placed["data"]["amount_minor"] == 4200
    assert placed["data"]["number"] == "A-7"
    assert placed["data"]["currency"] == "EUR"
    assert placed["partitionkey"] == paid["partitionkey"] == f"acme/{order}"
    assert [int(event["sequence"]) for event in (placed, paid)] == [1, 2]
    assert relay.run() is False
    assert len(entries(redis_client)) == 2
    assert relay.find().sent == 2
    assert relay.find().last_sent_at is not None


def test_a_destination_from_the_beginning_gets_every_event_that_is_kept(
    relay: Relay, world: World, acme: int, redis_client: redis.Redis
) -> None:
    for _order in range(3):
        world.change(world.order(acme), paid_at="now()")
    relay.add(start=BEGINNING)
    relay.run()
    assert event_ids(redis_client) == [event["id"] for event in world.events()]


def test_a_destination_from_a_time_gets_the_events_written_since(
    relay: Relay, world: World, acme: int, redis_client: redis.Redis
) -> None:
    world.order(acme)
    since = world.now()
    world.order(acme)
    relay.add(start=since)
    relay.run()
    assert event_ids(redis_client) == [world.events()[1]["id"]]


def test_tenant_and_types_filter_the_events_of_a_destination(
    relay: Relay, world: World, acme: int, redis_client: redis.Redis
) -> None:
    other = world.tenant("globex")
    relay.add(tenant_id=acme, types=["paid", "refunded"])
    for tenant in (acme, other):
        world.change(world.order(tenant, currency="EUR"), paid_at="now()")
    relay.run()
    (paid,) = entries(redis_client)
    assert (paid["type"], paid["source"]) == ("doorbell.order.paid", "/doorbell/acme")


def test_an_uncommitted_change_delays_no_other_event_and_comes_after_its_commit(
    relay: Relay, world: World, acme: int, redis_client: redis.Redis
) -> None:
    first, second = world.order(acme), world.order(acme)
    relay.add()
    with psycopg.connect(relay.config.database_url) as writer:
        writer.execute("UPDATE orders SET paid_at = now() WHERE id = %s", [first])
        world.change(second, paid_at="now()")
        relay.run()
        assert [event["subject"] for event in entries(redis_client)] == [f"orders/{second}"]
    relay.run()
    assert [event["subject"] for event in entries(redis_client)] == [f"orders/{second}", f"orders/{first}"]


def test_many_pages_are_sent_in_order_without_a_gap(
    relay: Relay, world: World, acme: int, redis_client: redis.Redis
) -> None:
    relay.add()
    world.conn.execute(
        "INSERT INTO orders (tenant_id, number, customer, currency, total_minor) "
        "SELECT %s, 'N' || n, 'Many', 'EUR', n FROM generate_series(1, 1300) n",
        [acme],
    )
    world.conn.execute("UPDATE orders SET paid_at = now()")
    relay.run()
    sent = entries(redis_client)
    assert [int(event["sequence"]) for event in sent] == list(range(1, 2601))
    assert len({event["id"] for event in sent}) == 2600


def test_a_paused_destination_gets_nothing_and_continues_where_it_stopped(
    relay: Relay, world: World, acme: int, redis_client: redis.Redis
) -> None:
    relay.add()
    verbs.pause(relay.conn, relay.find(), ACTOR, "maintenance")
    world.order(acme)
    assert relay.run() is False
    assert entries(redis_client) == []
    verbs.resume(relay.conn, relay.find(), ACTOR)
    relay.run()
    assert len(entries(redis_client)) == 1
    assert [verb for _actor, verb in relay.audit()] == ["added", "paused", "resumed"]


def test_a_destination_that_resumes_from_now_leaves_the_events_in_between_out(
    relay: Relay, world: World, acme: int, redis_client: redis.Redis
) -> None:
    relay.add()
    verbs.pause(relay.conn, relay.find(), ACTOR)
    world.order(acme)
    verbs.resume(relay.conn, relay.find(), ACTOR, from_now=True)
    world.order(acme)
    relay.run()
    assert event_ids(redis_client) == [world.events()[1]["id"]]


def test_a_removed_destination_leaves_no_cursor_behind(relay: Relay, world: World, acme: int) -> None:
    relay.add()
    world.order(acme)
    verbs.replay(relay.conn, relay.find(), ACTOR, datetime.now(UTC) - timedelta(days=1), datetime.now(UTC))
    removed = relay.find()
    verbs.remove(relay.conn, removed, ACTOR)
    assert relay.conn.execute("SELECT count(*) FROM outbox_readers").fetchone() == (0,)
    assert relay.worker.run(removed.id) is False
    with pytest.raises(NoSuchDestination, match="there are none yet"):
        relay.find()
    assert relay.audit()[-1] == (ACTOR, "removed")


def test_the_events_of_a_deleted_tenant_are_passed_over(
    relay: Relay, world: World, acme: int, redis_client: redis.Redis
) -> None:
    other = world.tenant("globex")
    relay.add()
    world.order(other)
    world.conn.execute("DELETE FROM tenants WHERE id = %s", [other])
    world.order(acme)
    relay.run()
    assert [event["source"] for event in entries(redis_client)] == ["/doorbell/acme"]


def test_retention_names_the_destination_that_has_not_read_a_month(relay: Relay, world: World, acme: int) -> None:
    relay.add("payments")
    world.order(acme)
    part = "SELECT tableoid::regclass FROM order_events LIMIT 1"
    reason = f"SELECT order_events_unread_reason(({part}))"
    assert relay.conn.execute(reason).fetchone() == ("relay payments has not read all of it",)
    relay.run("payments")
    assert relay.conn.execute(reason).fetchone() == (None,)
