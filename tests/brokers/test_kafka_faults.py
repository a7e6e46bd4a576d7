"""The broker is killed, stopped or cut off under the sender of Kafka: nothing acknowledged is lost, and `send` ends."""

from __future__ import annotations

import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator

import pytest

from webapp.relay.message import Message
from webapp.relay.senders import kafka
from webapp.relay.senders.base import BrokerAway, Outcome, Unclear
from webapp.relay.senders.kafka import KafkaSender

from ..support.brokers import kafka_topics
from ..support.brokers.cut_answers import CutAnswers
from ..support.brokers.kafka_kills import KafkaKills
from ..support.brokers.kafka_server import KafkaServer
from ..support.relay_messages import kinds, message, wave
from ..support.running_time import running_time
from ..support.wait import eventually

DEADLINE_SECONDS = 3.0
ORDERS, WAVES, KILL_EVERY = 20, 20, 6


@pytest.fixture
def short_deadlines(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("kafka", "kafka_words"):
        monkeypatch.setattr(f"webapp.relay.senders.{module}.DEADLINE_SECONDS", DEADLINE_SECONDS)
    monkeypatch.setattr(kafka, "CONNECT_SECONDS", 1.0)


@pytest.fixture
def topic(new_kafka_server: KafkaServer, place: str) -> str:
    kafka_topics.create(new_kafka_server, place)
    return place


@pytest.fixture
def kills(new_kafka_server: KafkaServer) -> Iterator[KafkaKills]:
    with KafkaKills(new_kafka_server) as kills:
        yield kills


@pytest.fixture
def sender(new_kafka_server: KafkaServer, topic: str) -> Iterator[KafkaSender]:
    """It has sent one wave, so it is connected."""
    sender = KafkaSender(kafka_topics.address(new_kafka_server, topic))
    assert kinds(sender.send(wave(1))) == ["Acknowledged"]
    yield sender
    sender.close()


def test_a_killed_broker_has_every_acknowledged_message_in_the_order_of_its_key(
    new_kafka_server: KafkaServer, kills: KafkaKills, topic: str, short_deadlines: None
) -> None:
    acknowledged: list[Message] = []
    sender = KafkaSender(kafka_topics.address(new_kafka_server, topic, kills.port))
    for number in range(WAVES):
        open_messages = [message(order_id=order) for order in range(ORDERS)]
        restart = threading.Thread(target=kills.restart)
        if number % KILL_EVERY == 1:
            restart.start()
        deadline = time.monotonic() + 30
        while open_messages:
            assert time.monotonic() < deadline
            outcomes = outcomes_of(sender, open_messages)
            assert "Refused" not in kinds(outcomes)
            pairs = list(zip(open_messages, kinds(outcomes), strict=True))
            acknowledged += [each for each, kind in pairs if kind == "Acknowledged"]
            open_messages = [each for each, kind in pairs if kind == "Unclear"]
        if number % KILL_EVERY == 1:
            restart.join()
    sender.close()
    places: dict[str, list[int]] = defaultdict(list)
    stored = kafka_topics.ids(new_kafka_server, topic, len(acknowledged))
    assert set(stored) >= {each.id for each in acknowledged}
    first = {message_id: position for position, message_id in reversed(list(enumerate(stored)))}
    for each in acknowledged:
        places[each.key].append(first[each.id])
    assert all(len(found) == WAVES and found == sorted(found) for found in places.values())


def test_answers_that_are_lost_and_repeated_within_a_wave_store_each_message_once(
    new_kafka_server: KafkaServer, place: str
) -> None:
    proxy = CutAnswers(new_kafka_server.port).start()
    new_kafka_server.advertise(proxy.port)
    kafka_topics.create(new_kafka_server, place)
    sender = KafkaSender(kafka_topics.address(new_kafka_server, place, proxy.port))
    try:
        messages = wave(1)
        assert kinds(sender.send(messages)) == ["Acknowledged"]
        for _ in range(3):
            more = wave(50)
            proxy.cut_next()
            assert set(kinds(sender.send(more))) == {"Acknowledged"}
            messages += more
        assert proxy.cuts >= 3
    finally:
        sender.close()
        proxy.close()
    new_kafka_server.advertise(new_kafka_server.port)
    stored = kafka_topics.ids(new_kafka_server, place, len(messages))
    assert Counter(stored) == Counter(each.id for each in messages)


def test_a_stopped_broker_ends_a_wave_at_the_deadline(
    new_kafka_server: KafkaServer, topic: str, short_deadlines: None, sender: KafkaSender
) -> None:
    messages = wave(50)
    with new_kafka_server.stop_for_a_while(), running_time() as seconds:
        outcomes = sender.send(messages)
        assert seconds() < DEADLINE_SECONDS + 1.5
        assert set(kinds(outcomes)) == {"Unclear"}
        assert isinstance(outcomes[0], Unclear)
        assert outcomes[0].reason.endswith("sent no acknowledgement within 3 s")
        with pytest.raises(BrokerAway):
            sender.send(messages)
        assert seconds() < DEADLINE_SECONDS + 4
    assert set(kinds(eventually_sent(sender, messages))) == {"Acknowledged"}
    assert set(kafka_topics.ids(new_kafka_server, topic, 51)) >= {each.id for each in messages}


def test_a_message_of_an_earlier_wave_is_not_delivered_when_the_broker_returns(
    new_kafka_server: KafkaServer, topic: str, short_deadlines: None, sender: KafkaSender
) -> None:
    new_kafka_server.kill()
    earlier = wave(20)
    assert set(kinds(sender.send(earlier))) == {"Unclear"}
    with pytest.raises(BrokerAway, match="Connection refused"):
        sender.send(earlier)
    new_kafka_server.start()
    later = wave(20)
    assert set(kinds(eventually_sent(sender, later))) == {"Acknowledged"}
    stored = set(kafka_topics.ids(new_kafka_server, topic, 21))
    assert stored >= {each.id for each in later}
    assert not stored & {each.id for each in earlier}


def outcomes_of(sender: KafkaSender, messages: list[Message]) -> list[Outcome]:
    try:
        return sender.send(messages)
    except BrokerAway as error:
        return [Unclear(str(error))] * len(messages)


def eventually_sent(sender: KafkaSender, messages: list[Message]) -> list[Outcome]:
    """The outcomes of the first wave that meets no outage; the broker has just returned."""

    def sent() -> list[Outcome]:
        try:
            return sender.send(messages)
        except BrokerAway as error:
            raise AssertionError(error) from error

    return eventually(sent)
