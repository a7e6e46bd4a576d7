"""The relay and its broker are killed at random points: nothing is lost, and each order's events are in order."""

from __future__ import annotations

import json

import redis

from ..support.brokers import kafka_topics
from ..support.brokers.kafka_kills import KafkaKills
from ..support.brokers.kafka_server import KafkaServer
from ..support.brokers.nats_events import NatsEvents
from ..support.brokers.nats_server import NatsServer
from ..support.brokers.rabbitmq_queues import Queues, write_definitions
from ..support.brokers.rabbitmq_server import RabbitmqServer
from ..support.brokers.redis_server import RedisServer
from ..support.relay import Relay, entries
from ..support.relay_trial import RelayTrial, assert_complete


def test_200000_events_reach_a_redis_stream_while_it_and_the_relay_are_killed(
    relay: Relay, acme: int, new_redis_server: RedisServer
) -> None:
    relay.add("stream", f"{new_redis_server.url}?stream=orders")
    trial = RelayTrial(relay, new_redis_server, seed=1)
    trial.run("stream", 200_000, acme)
    with redis.Redis.from_url(new_redis_server.url) as client:
        received = entries(client)
    assert_complete(relay.conn, received)
    assert len({event["id"] for event in received}) == len(received), "a repeat is refused by its id"
    assert relay.held() == []
    assert trial.relay_kills >= 3
    assert trial.broker_kills >= 2


def test_20000_events_reach_a_nats_stream_while_it_and_the_relay_are_killed(
    relay: Relay, acme: int, new_nats_server: NatsServer, place: str
) -> None:
    stream = NatsEvents(new_nats_server.url, place)
    stream.create()
    relay.add("stream", stream.destination)
    trial = RelayTrial(relay, new_nats_server, seed=2)
    trial.run("stream", 20_000, acme)
    received = stream.events()
    assert_complete(relay.conn, received)
    assert len({event["id"] for event in received}) == len(received), "repeats fall into the duplicate window"
    assert relay.held() == []


def test_events_reach_a_kafka_topic_while_it_and_the_relay_are_killed(
    relay: Relay, acme: int, new_kafka_server: KafkaServer, place: str
) -> None:
    kafka_topics.create(new_kafka_server, place)
    with KafkaKills(new_kafka_server) as kills:
        relay.add("topic", f"{new_kafka_server.url_at(kills.port)}?topic={place}")
        trial = RelayTrial(relay, kills, seed=3)
        trial.run("topic", 5_000, acme)
        messages = kafka_topics.read(new_kafka_server, place, at_least=5_300)
    received = [
        {
            "incarnation": kafka_topics.header(message, "ce_incarnation"),
            "sequence": kafka_topics.header(message, "ce_sequence"),
            "data": json.loads(message.value() or b""),
        }
        for message in messages
    ]
    assert_complete(relay.conn, received)
    assert relay.held() == []


def test_events_reach_a_rabbitmq_queue_while_it_and_the_relay_are_killed(
    relay: Relay, acme: int, new_rabbitmq_server: RabbitmqServer, place: str
) -> None:
    with Queues(new_rabbitmq_server) as queues:
        # A quorum queue of RabbitMQ 3.10 may have no leader after a kill of its only node.
        queues.declare(place, "#", queue_type="classic")
    write_definitions(new_rabbitmq_server)
    relay.add("queue", f"{new_rabbitmq_server.url}?exchange={place}")
    trial = RelayTrial(relay, new_rabbitmq_server, seed=4, seconds_between_kills=(2.0, 6.0))
    trial.run("queue", 5_000, acme)
    with Queues(new_rabbitmq_server) as queues:
        messages = queues.read(place)
    received = [
        {
            "incarnation": message.application_headers["cloudEvents:incarnation"],
            "sequence": message.application_headers["cloudEvents:sequence"],
            "data": json.loads(message.body),
        }
        for message in messages
    ]
    assert_complete(relay.conn, received)
    assert relay.held() == []
