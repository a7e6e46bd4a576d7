"""The outcomes of the sender of Kafka, for each answer of a real broker."""

from __future__ import annotations

import logging
import sys
from collections import defaultdict
from collections.abc import Iterator

import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary
from cloudevents.core.formats.json import JSONFormat
from confluent_kafka import KafkaError

from webapp.relay.address import parse
from webapp.relay.senders.base import Acknowledged, BrokerAway, ClientMissing, Refused, Unclear
from webapp.relay.senders.kafka import KafkaSender
from webapp.relay.senders.kafka_words import away_words, is_denied

from ..support.brokers import kafka_topics
from ..support.brokers.kafka_server import KafkaServer
from ..support.relay_messages import kinds, message, wave


@pytest.fixture
def topic(kafka_server: KafkaServer, place: str) -> str:
    kafka_topics.create(kafka_server, place)
    return place


@pytest.fixture
def sender(kafka_server: KafkaServer, place: str) -> Iterator[KafkaSender]:
    """To the topic `place`."""
    sender = KafkaSender(kafka_topics.address(kafka_server, place))
    yield sender
    sender.close()


def test_each_message_is_acknowledged_with_its_partition_and_offset(
    sender: KafkaSender, kafka_server: KafkaServer, topic: str
) -> None:
    messages = wave(200)
    outcomes = sender.send(messages)
    received = kafka_topics.read(kafka_server, topic, 200)
    stored = {
        kafka_topics.header(each, "ce_id"): Acknowledged(f"partition {each.partition()}, offset {each.offset()}")
        for each in received
    }
    assert outcomes == [stored[each.id] for each in messages]
    assert {each.partition() for each in received} == {0, 1, 2}


def test_the_messages_of_an_order_keep_their_order(sender: KafkaSender, kafka_server: KafkaServer, topic: str) -> None:
    waves = [[message(order_id=order) for order in range(20)] for _ in range(10)]
    for messages in waves:
        assert set(kinds(sender.send(messages))) == {"Acknowledged"}
    stored = defaultdict(list)
    for each in kafka_topics.read(kafka_server, topic, 200):
        key = each.key()
        assert isinstance(key, bytes)
        stored[key.decode()].append(kafka_topics.header(each, "ce_id"))
    assert stored == {f"acme/{order}": [messages[order].id for messages in waves] for order in range(20)}


def test_messages_are_cloudevents_in_binary_mode(sender: KafkaSender, kafka_server: KafkaServer, topic: str) -> None:
    sent = message("shipped")
    sender.send([sent])
    [received] = kafka_topics.read(kafka_server, topic, 1)
    headers = {name: value for name, value in dict(received.headers() or []).items() if isinstance(value, bytes)}
    key, value = received.key(), received.value()
    assert isinstance(value, bytes)
    event = from_binary(KafkaMessage(headers, key, value), JSONFormat())
    attributes = event.get_attributes()
    assert attributes.pop("time") == sent.event.occurred_at
    assert attributes == {name: value for name, value in sent.attributes.items() if name != "time"}
    assert headers["content-type"] == b"application/json"
    assert key == sent.key.encode()
    assert value == sent.data


def test_a_message_that_is_too_large_is_refused_and_the_others_go_on(
    sender: KafkaSender, kafka_server: KafkaServer, topic: str
) -> None:
    small = wave(2)
    outcomes = sender.send([small[0], message(size=2_000_000), small[1]])
    assert kinds(outcomes) == ["Acknowledged", "Refused", "Acknowledged"]
    assert isinstance(outcomes[1], Refused)
    assert "max.message.bytes" in outcomes[1].reason
    assert set(kafka_topics.ids(kafka_server, topic, 2)) == {each.id for each in small}


def test_a_missing_topic_is_an_outage_with_the_command_that_creates_it(
    sender: KafkaSender, kafka_server: KafkaServer, place: str
) -> None:
    for use in (sender.check, lambda: sender.send(wave(3))):
        with pytest.raises(BrokerAway) as caught:
            use()
        assert f"has no topic {place}. Create it with: kafka-topics.sh --create --topic {place}" in str(caught.value)
    kafka_topics.create(kafka_server, place)
    assert sender.check() == f"Kafka, brokers: 1, topic {place} with 3 partitions"
    assert kinds(sender.send(wave(3))) == ["Acknowledged"] * 3


def test_the_missing_topic_of_one_tenant_does_not_hold_the_others(kafka_server: KafkaServer, place: str) -> None:
    sender = KafkaSender(kafka_topics.address(kafka_server, f"{place}_{{tenant}}"))
    kafka_topics.create(kafka_server, f"{place}_acme")
    outcomes = sender.send([message(tenant="other"), message(), message(tenant="other"), message()])
    assert kinds(outcomes) == ["Unclear", "Acknowledged", "Unclear", "Acknowledged"]
    assert isinstance(outcomes[0], Unclear)
    assert f"has no topic {place}_other" in outcomes[0].reason
    sender.close()


def test_an_empty_wave_has_no_outcomes(sender: KafkaSender, topic: str) -> None:
    assert sender.send([]) == []


def test_a_sender_that_was_closed_can_be_used_again(sender: KafkaSender, topic: str) -> None:
    for _ in range(2):
        assert kinds(sender.send(wave(1))) == ["Acknowledged"]
        sender.close()


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("kafka://127.0.0.1:1", "Connection refused"),
        ("kafka://no-such-host.invalid", "Check the names of the hosts"),
        ("kafka://user:a-secret@{place}", "Check the user name, the password and the option sasl"),
        ("kafka://user:a-secret@{place}?sasl=SCRAM-SHA-512", "Check the user name, the password and the option sasl"),
        ("kafkas://{place}", "whether they speak TLS"),
        ("kafkas://user:a-secret@{place}?ca_file=/no/such.pem", "A file of the address cannot be used"),
    ],
)
def test_a_connection_that_cannot_be_made_is_an_outage_in_words(
    kafka_server: KafkaServer, url: str, words: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("webapp.relay.senders.kafka.CONNECT_SECONDS", 2.0)
    sender = KafkaSender(parse(url.format(place=f"{kafka_server.host}:{kafka_server.port}")))
    for use in (sender.check, lambda: sender.send([message()])):
        with pytest.raises(BrokerAway) as caught:
            use()
        assert words in str(caught.value)
        assert "secret" not in str(caught.value)
    sender.close()
    assert capfd.readouterr().err == ""


def test_the_log_of_librdkafka_is_in_our_log_at_debug(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("webapp.relay.senders.kafka.CONNECT_SECONDS", 1.0)
    sender = KafkaSender(parse("kafka://127.0.0.1:1"))
    with caplog.at_level(logging.DEBUG, "doorbell"), pytest.raises(BrokerAway):
        sender.check()
    sender.close()
    lines = [record for record in caplog.records if record.name == "doorbell.relay.kafka"]
    assert any("Connect to ipv4#127.0.0.1:1 failed" in str(record.msg) for record in lines)
    assert {record.levelno for record in lines} == {logging.DEBUG}


def test_a_missing_client_names_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "confluent_kafka", None)
    with pytest.raises(ClientMissing, match=r"pip install -r requirements/relay\.txt"):
        KafkaSender(parse("kafka://127.0.0.1:1")).send([message()])


def test_a_cluster_that_denies_idempotent_writes_is_an_outage_in_words() -> None:
    error = KafkaError(KafkaError.CLUSTER_AUTHORIZATION_FAILED, "Failed to acquire PID: secret", fatal=True)
    assert is_denied(error)
    words = away_words(error, parse("kafka://user:secret@host"))
    assert words.endswith("Allow the user IdempotentWrite on the cluster.")
    assert "secret" not in words
