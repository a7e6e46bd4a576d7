"""A refused message holds the later ones of its order, and no other order; retry releases them in order, skip drops one.

The stream refuses long messages, and a long customer name makes one.
"""

from __future__ import annotations

import pytest

from webapp.relay import verbs
from webapp.relay.verbs import RelayError

from ..support.brokers.nats_events import NatsEvents
from ..support.brokers.nats_server import NatsServer
from ..support.relay import ACTOR, Relay
from ..support.world import World

LIMIT = 1200
LONG = "ü" * 490


@pytest.fixture
def stream(nats_server: NatsServer, place: str) -> NatsEvents:
    stream = NatsEvents(nats_server.url, place)
    stream.create(LIMIT)
    return stream


@pytest.fixture
def poisoned(relay: Relay, world: World, acme: int, stream: NatsEvents) -> tuple[int, int]:
    """An order with a message that is too long and two later ones, and another order; both are relayed."""
    relay.add("queue", stream.destination)
    bad, good = world.order(acme), world.order(acme)
    world.change(bad, customer=LONG)
    world.change(bad, paid_at="now()")
    world.change(good, paid_at="now()")
    world.change(bad, shipped_at="now()")
    relay.run("queue")
    return bad, good


def sent(stream: NatsEvents, order: int) -> list[str]:
    return [event["data"]["type"] for event in stream.events() if event["data"]["order_id"] == order]


def poison(relay: Relay) -> int:
    (event_id,) = [event_id for event_id, reason in relay.held() if reason]
    return event_id


def test_a_message_that_is_too_long_becomes_a_dead_letter_and_other_orders_go_on(
    relay: Relay, world: World, stream: NatsEvents, poisoned: tuple[int, int]
) -> None:
    bad, good = poisoned
    assert sent(stream, bad) == ["placed"]
    assert sent(stream, good) == ["placed", "paid"]
    edited, paid, shipped = [event["id"] for event in world.events() if event["order_id"] == bad][1:]
    (first, reason), *behind = relay.held()
    assert first == edited
    assert reason is not None
    assert "message size exceeds maximum allowed" in reason
    assert behind == [(paid, None), (shipped, None)]


def test_later_events_of_a_held_order_wait_and_the_position_moves_on(
    relay: Relay, world: World, stream: NatsEvents, poisoned: tuple[int, int]
) -> None:
    bad, good = poisoned
    world.change(bad, customer="Short again")
    world.change(good, shipped_at="now()")
    relay.run("queue")
    assert sent(stream, good) == ["placed", "paid", "shipped"]
    assert len(relay.held()) == 4
    assert relay.find("queue").reader.unread(relay.conn).events == 0


def test_retry_sends_the_dead_letter_and_all_that_wait_behind_it_in_order(
    relay: Relay, stream: NatsEvents, poisoned: tuple[int, int]
) -> None:
    bad, _good = poisoned
    stream.allow(100_000)
    relay.run("queue")
    assert sent(stream, bad) == ["placed"], "nothing is released without a request"
    assert verbs.retry(relay.conn, relay.find("queue"), ACTOR, [poison(relay)]) == 1
    relay.run("queue")
    assert sent(stream, bad) == ["placed", "edited", "paid", "shipped"]
    assert relay.held() == []
    sequences = [int(event["sequence"]) for event in stream.events() if event["data"]["order_id"] == bad]
    assert sequences == sorted(set(sequences)), "a consumer that drops repeats by the sequence drops none of these"


def test_a_retry_that_is_refused_again_counts_an_attempt_and_releases_nothing(
    relay: Relay, stream: NatsEvents, poisoned: tuple[int, int]
) -> None:
    bad, _good = poisoned
    verbs.retry(relay.conn, relay.find("queue"), ACTOR, None)
    relay.run("queue")
    assert sent(stream, bad) == ["placed"]
    assert relay.conn.execute("SELECT attempts FROM relay_held_events WHERE reason IS NOT NULL").fetchall() == [(2,)]
    assert len(relay.held()) == 3


def test_skip_drops_one_message_and_releases_the_rest(
    relay: Relay, stream: NatsEvents, poisoned: tuple[int, int]
) -> None:
    bad, _good = poisoned
    verbs.skip(relay.conn, relay.find("queue"), ACTOR, [poison(relay)])
    relay.run("queue")
    assert sent(stream, bad) == ["placed", "paid", "shipped"]
    assert relay.held() == []
    assert ("relay worker", "skipped") in relay.audit()


def test_only_a_dead_letter_can_be_retried_or_skipped(relay: Relay, poisoned: tuple[int, int]) -> None:
    waiting = next(event_id for event_id, reason in relay.held() if reason is None)
    with pytest.raises(RelayError, match=f"no dead letter of event {waiting}"):
        verbs.skip(relay.conn, relay.find("queue"), ACTOR, [waiting])


def test_a_second_dead_letter_behind_the_first_holds_the_order_again(
    relay: Relay, world: World, stream: NatsEvents, poisoned: tuple[int, int]
) -> None:
    bad, _good = poisoned
    world.change(bad, customer=LONG + "x")
    world.change(bad, refunded_minor=100)
    relay.run("queue")
    verbs.skip(relay.conn, relay.find("queue"), ACTOR, [poison(relay)])
    relay.run("queue")
    assert sent(stream, bad) == ["placed", "paid", "shipped"]
    reasons = [reason is not None for _event, reason in relay.held()]
    assert reasons == [True, False]
