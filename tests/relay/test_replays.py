"""A replay sends the events of a period again: same ids, marked, beside the new events, at a limited rate."""

from __future__ import annotations

from datetime import timedelta

import pytest
import redis

from webapp.relay import replays, verbs
from webapp.relay.verbs import RelayError

from ..support.relay import ACTOR, Relay, entries
from ..support.world import World


def test_a_replay_sends_the_events_of_its_period_again_with_the_same_ids(
    relay: Relay, world: World, acme: int, redis_client: redis.Redis
) -> None:
    relay.add()
    world.order(acme)
    since = world.now()
    order = world.order(acme)
    world.change(order, paid_at="now()")
    until = world.now()
    world.order(acme)
    relay.run()
    verbs.replay(relay.conn, relay.find(), ACTOR, since, until)
    relay.run()
    sent = entries(redis_client)
    again = [event for event in sent if "doorbellreplay" in event]
    assert [event["id"] for event in again] == [event["id"] for event in sent[1:3]]
    assert not any("sequence" in event for event in again)
    (done,) = replays.newest(relay.conn, relay.find().id, limit=5)
    assert (done.state, done.sent) == ("done", 2)
    assert relay.conn.execute("SELECT count(*) FROM outbox_readers").fetchone() == (1,)
    assert ("relay worker", "finished a replay") in relay.audit()


def test_new_events_follow_a_replay_without_a_gap_in_their_sequence(
    relay: Relay, world: World, acme: int, redis_client: redis.Redis
) -> None:
    relay.add()
    world.order(acme)
    relay.run()
    verbs.replay(relay.conn, relay.find(), ACTOR, world.now() - timedelta(days=1), world.now())
    relay.run()
    world.order(acme)
    relay.run()
    assert [event.get("sequence", "")[-1:] for event in entries(redis_client)] == ["1", "", "2"]


def test_a_replay_of_types_sends_only_those(relay: Relay, world: World, acme: int, redis_client: redis.Redis) -> None:
    relay.add()
    world.change(world.order(acme), paid_at="now()")
    relay.run()
    verbs.replay(relay.conn, relay.find(), ACTOR, world.now() - timedelta(days=1), world.now(), types=["paid"])
    relay.run()
    assert [event["type"] for event in entries(redis_client)][2:] == ["doorbell.order.paid"]


def test_a_cancelled_replay_sends_nothing_more(
    relay: Relay, world: World, acme: int, redis_client: redis.Redis
) -> None:
    relay.add()
    world.order(acme)
    relay.run()
    verbs.replay(relay.conn, relay.find(), ACTOR, world.now() - timedelta(days=1), world.now())
    assert verbs.cancel_replay(relay.conn, relay.find(), ACTOR) == 1
    relay.run()
    assert len(entries(redis_client)) == 1


@pytest.mark.parametrize(
    ("days", "rate", "types", "words"),
    [
        (-2, 10, None, "the end must be later"),
        (1, 0, None, "1 to 100000 events per second"),
        (1, 10, ["payed"], "'payed' is not a type of event; allowed: placed, paid"),
    ],
)
def test_a_replay_that_cannot_be_done_is_refused_with_what_is_allowed(
    relay: Relay, world: World, acme: int, days: int, rate: int, types: list[str] | None, words: str
) -> None:
    relay.add()
    since = world.now() - timedelta(days=1)
    with pytest.raises(RelayError, match=words):
        verbs.replay(
            relay.conn, relay.find(), ACTOR, since, since + timedelta(days=days), types, events_per_second=rate
        )
