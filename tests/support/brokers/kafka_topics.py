"""Topics of Kafka for tests."""

from __future__ import annotations

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, Message, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from webapp.relay.address import Address, parse

from .broker import Broker

SECONDS = 15.0


def create(server: Broker, name: str, partitions: int = 3) -> None:
    # A client that is destroyed before its answer cancels the request.
    admin = AdminClient(_settings(server))
    admin.create_topics([NewTopic(name, partitions, 1)])[name].result(SECONDS)


def read(server: Broker, name: str, at_least: int) -> list[Message]:
    """All messages, in order within each partition, once there are so many."""
    settings = {"group.id": f"test-{name}", "enable.auto.commit": False, "enable.partition.eof": True}
    consumer = Consumer(_settings(server) | settings)
    try:
        partitions = consumer.list_topics(name, SECONDS).topics[name].partitions
        consumer.assign([TopicPartition(name, number, OFFSET_BEGINNING) for number in partitions])
        messages: list[Message] = []
        unread = set(partitions)
        while unread or len(messages) < at_least:
            message = consumer.poll(SECONDS)
            assert message is not None, f"{len(messages)} of {at_least} messages"
            error = message.error()
            if error is None:
                messages.append(message)
                continue
            assert error.code() == KafkaError._PARTITION_EOF, error
            unread.discard(message.partition())
        return messages
    finally:
        consumer.close()


def header(message: Message, name: str) -> str:
    headers = dict(message.headers() or [])
    value = headers[name]
    assert isinstance(value, bytes)
    return value.decode()


def ids(server: Broker, name: str, at_least: int) -> list[str]:
    return [header(message, "ce_id") for message in read(server, name, at_least)]


def address(server: Broker, topic: str, port: int = 0) -> Address:
    """The address of a topic, through another port if one is named."""
    return parse(f"{server.url_at(port or server.port, server.host)}?topic={topic}")


def _settings(server: Broker) -> dict[str, str | int | float | bool]:
    return {"bootstrap.servers": f"{server.host}:{server.port}"}
