"""The example consumers of docs/relay: killed and started again, with repeats, and from an earlier position."""

from __future__ import annotations

import pytest

from ..support.brokers.relay_events import ORDERS, message, page
from ..support.wait import eventually

EVENTS = 1_500


@pytest.mark.parametrize("kind", ["redis_consumer", "nats_consumer"])
def test_a_killed_consumer_goes_on_and_applies_each_event_once_in_order(
    request: pytest.FixtureRequest, kind: str
) -> None:
    consumer, send = request.getfixturevalue(kind)
    send(page(1, EVENTS))
    consumer.start()
    for applied in (50, 250):
        eventually(lambda applied=applied: len(consumer.events) >= applied, 60)
        consumer.kill()
        assert len(consumer.events) < EVENTS
        consumer.start()
    # Repeats: the first in a new incarnation, as after a restore, the second as a replay.
    send([message(sequence, event=sequence - EVENTS, incarnation=2) for sequence in range(EVENTS + 1, EVENTS + 11)])
    send([message(0, event=event, replay="r1") for event in range(1, 11)])
    send([message(EVENTS + 11, incarnation=2)])
    eventually(lambda: EVENTS + 11 in consumer.events, 60)
    applied = consumer.events
    assert len(applied) == EVENTS + 1
    for order in range(ORDERS):
        of_order = [event for event in applied if event % ORDERS == order]
        assert of_order == sorted(of_order)


@pytest.mark.parametrize(("kind", "begin"), [("redis_consumer", f"{10**12 + 10}-0"), ("nats_consumer", "11")])
def test_a_consumer_reads_again_from_a_position(request: pytest.FixtureRequest, kind: str, begin: str) -> None:
    consumer, send = request.getfixturevalue(kind)
    send(page(1, 20))
    consumer.start()
    eventually(lambda: consumer.events == list(range(1, 21)), 30)
    consumer.kill()
    consumer.start("--from", begin)
    eventually(lambda: consumer.events == list(range(11, 21)), 30)
