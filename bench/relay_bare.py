"""Bare producers: the client of each broker sends prepared messages page by page, and waits for all acknowledgements of a page.

The messages are prepared before the time is measured: the same names, bytes and headers as the relay's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar, Protocol

import amqp
import nats
import redis
from confluent_kafka import Producer

from tests.support.brokers import kafka_topics
from tests.support.brokers.broker import Broker, running
from tests.support.brokers.kafka_server import KafkaServer
from tests.support.brokers.nats_server import NatsServer
from tests.support.brokers.nats_stream import NatsStream
from tests.support.brokers.rabbitmq_queues import Queues
from tests.support.brokers.rabbitmq_server import RabbitmqServer
from tests.support.brokers.redis_server import RedisServer
from tests.support.install import rabbitmq
from webapp.relay.address import AMQP, KAFKA, NATS, REDIS
from webapp.relay.message import Message
from webapp.relay.senders import redis_ids
from webapp.relay.senders.kafka import LINGER_MS

SECONDS = 60.0


class Bare(Protocol):
    """A broker and a bare producer of it. `make` returns the address of a new place for messages."""

    def make(self, name: str) -> str: ...

    def prepare(self, name: str, message: Message) -> Any: ...

    def send(self, page: Sequence[Any]) -> None: ...

    def close(self) -> None: ...


class BareRedis:
    """One MULTI per page."""

    server: ClassVar[type[Broker]] = RedisServer

    def __init__(self, server: RedisServer) -> None:
        self._url = server.url
        self._client = redis.Redis.from_url(server.url)

    def make(self, name: str) -> str:
        return f"{self._url}?stream={name}"

    def prepare(self, name: str, message: Message) -> Any:
        fields = {"event": message.structured, "id": message.id, "type": message.event.type, "key": message.key}
        return name, fields, redis_ids.text(redis_ids.of(message))

    def send(self, page: Sequence[Any]) -> None:
        with self._client.pipeline(transaction=True) as transaction:
            for entry in page:
                transaction.xadd(*entry)
            transaction.execute()

    def close(self) -> None:
        self._client.close()


class BareNats:
    """`publish_async` of nats-py, with the identifier by which JetStream drops repeats."""

    server: ClassVar[type[Broker]] = NatsServer

    def __init__(self, server: NatsServer) -> None:
        self._url, self._loop = server.url, asyncio.new_event_loop()
        self._client = self._loop.run_until_complete(nats.connect(server.url))
        self._stream = self._client.jetstream()

    def make(self, name: str) -> str:
        NatsStream(self._url, name).create()
        return f"{self._url}?subject={name}.{{tenant}}.{{type}}"

    def prepare(self, name: str, message: Message) -> Any:
        headers = {"Nats-Msg-Id": message.id} | _prefixed("ce-", message)
        return message.fill(f"{name}.{{tenant}}.{{type}}"), message.data, headers

    def send(self, page: Sequence[Any]) -> None:
        self._loop.run_until_complete(self._send(page))

    async def _send(self, page: Sequence[Any]) -> None:
        for subject, data, headers in page:
            await self._stream.publish_async(subject, data, headers=headers)
        await asyncio.wait_for(self._stream.publish_async_completed(), SECONDS)

    def close(self) -> None:
        self._loop.run_until_complete(self._client.close())
        self._loop.close()


class BareRabbitmq:
    """Publisher confirms, awaited per page. The messages are persistent and mandatory, the queue is a quorum queue."""

    server: ClassVar[type[Broker]] = RabbitmqServer

    def __init__(self, server: RabbitmqServer) -> None:
        self._server = server
        user, _, password = server.credentials.partition(":")
        self._connection = amqp.Connection(f"{server.host}:{server.port}", user, password)
        self._connection.connect()
        self._channel = self._connection.channel()
        self._channel.confirm_select()
        self._channel.events["basic_ack"].add(self._ack)
        self._last = self._acknowledged = 0

    def make(self, name: str) -> str:
        with Queues(self._server) as queues:
            queues.declare(name, "#")
        return f"{self._server.url}?exchange={name}"

    def prepare(self, name: str, message: Message) -> Any:
        attributes = {f"cloudEvents:{key}": value for key, value in message.attributes.items()}
        properties = {"delivery_mode": 2, "message_id": message.id, "type": message.attributes["type"]}
        more = {"content_type": attributes.pop("cloudEvents:datacontenttype"), "app_id": "doorbell"}
        moment = int(message.event.occurred_at.timestamp())
        body = amqp.Message(message.data, application_headers=attributes, timestamp=moment, **properties, **more)
        return body, name, message.fill("{tenant}.order.{type}")

    def send(self, page: Sequence[Any]) -> None:
        for message, exchange, key in page:
            self._last += 1
            self._channel.basic_publish(message, exchange, key, mandatory=True)
        while self._acknowledged < self._last:
            self._connection.drain_events(timeout=SECONDS)

    def close(self) -> None:
        self._connection.close()

    def _ack(self, tag: int, multiple: bool) -> None:
        self._acknowledged = tag if multiple else self._acknowledged + 1


class BareKafka:
    """An idempotent producer with the same settings, flushed per page."""

    server: ClassVar[type[Broker]] = KafkaServer

    def __init__(self, server: KafkaServer) -> None:
        self._server = server
        settings = {
            "bootstrap.servers": f"{server.host}:{server.port}",
            "enable.idempotence": True,
            "acks": "all",
            "log_level": 0,
        }
        more = {"linger.ms": LINGER_MS, "partitioner": "murmur2_random", "log_level": 0}
        self._producer = Producer(settings | more)
        self._errors: list[Any] = []

    def make(self, name: str) -> str:
        kafka_topics.create(self._server, name)
        return f"{self._server.url}?topic={name}"

    def prepare(self, name: str, message: Message) -> Any:
        return name, message.data, message.key, list(_prefixed("ce_", message).items())

    def send(self, page: Sequence[Any]) -> None:
        for topic, value, key, headers in page:
            self._producer.produce(topic, value, key, headers=headers, on_delivery=self._report)
        assert self._producer.flush(SECONDS) == 0
        assert not self._errors, self._errors[0]

    def close(self) -> None:
        # It would go on connecting to the server for as long as it exists.
        del self._producer

    def _report(self, error: Any, _message: Any) -> None:
        if error is not None:
            self._errors.append(error)


KINDS: dict[str, type[BareRedis | BareNats | BareRabbitmq | BareKafka]] = {
    REDIS: BareRedis,
    NATS: BareNats,
    AMQP: BareRabbitmq,
    KAFKA: BareKafka,
}


def why_missing(kind: str) -> str | None:
    """Why a broker cannot be started here, as a sentence; None when it can."""
    if kind == AMQP and rabbitmq.home() is None:
        return rabbitmq.BY_HAND
    return None


@contextmanager
def bare_producer(kind: str) -> Iterator[Bare]:
    """A running broker of this kind with a bare producer."""
    producer = KINDS[kind]
    with running(producer.server) as server:
        bare = producer(server)  # type: ignore[arg-type]
        try:
            yield bare
        finally:
            bare.close()


def _prefixed(prefix: str, message: Message) -> dict[str, str]:
    """The headers of CloudEvents in binary mode."""
    headers = {f"{prefix}{name}": value for name, value in message.attributes.items()}
    return headers | {"content-type": headers.pop(f"{prefix}datacontenttype")}
