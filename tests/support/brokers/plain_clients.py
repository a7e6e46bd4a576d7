"""Plain clients of the brokers: one place of messages each, written with acknowledgements and read from its beginning.

They use the client libraries without any code of the relay, so they judge the servers, and read what the relay wrote.
"""

from __future__ import annotations

import asyncio
import time
from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote, urlsplit

import amqp
import nats
import nats.errors
import nats.js.errors
import redis
from confluent_kafka import (
    OFFSET_BEGINNING,
    Consumer,
    KafkaError,
    KafkaException,
    Producer,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient, NewTopic

# The longest wait for one acknowledgement.
SECONDS = 3.0
READ_SECONDS = 60.0


class PlainClient(ABC):
    """A stream, queue or topic is a `name` of letters, digits and `_`."""

    # Raised by `write` when the server is away or its answer is missing.
    errors: tuple[type[Exception], ...]

    def __init__(self, url: str) -> None:
        self._url = url

    @abstractmethod
    def create(self, name: str) -> None: ...

    @abstractmethod
    def write(self, name: str, bodies: Iterable[bytes], acknowledged: list[bytes]) -> None:
        """Write one after another; each body is appended to `acknowledged` after its acknowledgement."""

    @abstractmethod
    def read(self, name: str) -> list[bytes]:
        """All bodies in the server's order."""


class RedisClient(PlainClient):
    """Streams of Redis and Valkey, with the body as the field `body`."""

    errors = (redis.ConnectionError, redis.TimeoutError)

    def create(self, name: str) -> None:
        with self._connect() as client:
            client.delete(name)

    def write(self, name: str, bodies: Iterable[bytes], acknowledged: list[bytes]) -> None:
        with self._connect() as client:
            for body in bodies:
                client.xadd(name, {"body": body})
                acknowledged.append(body)

    def read(self, name: str) -> list[bytes]:
        with self._connect() as client:
            entries: Any = client.xrange(name)
            return [fields[b"body"] for _, fields in entries]

    def _connect(self) -> redis.Redis:
        return redis.Redis.from_url(self._url, socket_timeout=SECONDS, retry=None)


class AmqpClient(PlainClient):
    """Durable classic queues of RabbitMQ, by the default exchange and with publisher confirms.

    After a kill of RabbitMQ 3.10 on one node, a quorum queue may stay without a leader until the next restart.
    """

    errors = (OSError, amqp.AMQPError)

    def create(self, name: str) -> None:
        with self._connect() as conn:
            conn.channel().queue_declare(name, durable=True, auto_delete=False)

    def write(self, name: str, bodies: Iterable[bytes], acknowledged: list[bytes]) -> None:
        with self._connect() as conn:
            channel = conn.channel()
            channel.confirm_select()
            returned: list[object] = []
            channel.events["basic_return"].add(lambda *reply: returned.append(reply))
            for body in bodies:
                message = amqp.Message(body, delivery_mode=2)
                channel.basic_publish_confirm(message, routing_key=name, mandatory=True, timeout=SECONDS)
                # RabbitMQ confirms a message that no queue takes, after it has returned it.
                if returned:
                    raise amqp.NotFound(f"RabbitMQ returned the message: {returned[0]}")
                acknowledged.append(body)

    def read(self, name: str) -> list[bytes]:
        """The messages stay in the queue, because none is acknowledged."""
        with self._connect() as conn:
            channel = conn.channel()
            messages = iter(lambda: channel.basic_get(name), None)
            return [message.body if isinstance(message.body, bytes) else message.body.encode() for message in messages]

    def _connect(self) -> amqp.Connection:
        url = urlsplit(self._url)
        login = {"userid": unquote(url.username or "guest"), "password": unquote(url.password or "guest")}
        timeouts = dict.fromkeys(("connect_timeout", "read_timeout", "write_timeout"), SECONDS)
        return amqp.Connection(f"{url.hostname}:{url.port}", **login, **timeouts)


class KafkaClient(PlainClient):
    """Topics of one partition, written by an idempotent producer."""

    errors = (KafkaException,)

    def create(self, name: str) -> None:
        admin = AdminClient(self._settings())
        admin.create_topics([NewTopic(name, 1, 1)])[name].result(SECONDS * 5)

    def write(self, name: str, bodies: Iterable[bytes], acknowledged: list[bytes]) -> None:
        producer = Producer(
            self._settings(acks="all", linger_ms=0, enable_idempotence=True, message_timeout_ms=int(SECONDS * 1000))
        )
        errors: list[KafkaError | None] = []
        for body in bodies:
            producer.produce(name, body, on_delivery=lambda error, _: errors.append(error))
            while not errors:
                producer.poll(SECONDS)
            if error := errors.pop():
                raise KafkaException(error)
            acknowledged.append(body)

    def read(self, name: str) -> list[bytes]:
        """Tansu reads no batch in a short `fetch.wait.max.ms`, and its ListOffsets may be late; the end of a fetch is right."""
        consumer = Consumer(
            self._settings(group_id=name, enable_auto_commit=False, enable_partition_eof=True, fetch_wait_max_ms=3000)
        )
        consumer.assign([TopicPartition(name, 0, OFFSET_BEGINNING)])
        deadline = time.monotonic() + READ_SECONDS
        found: list[bytes] = []
        try:
            while time.monotonic() < deadline:
                for message in consumer.consume(500, 0.2):
                    error = message.error()
                    if error and error.code() == KafkaError._PARTITION_EOF:
                        return found
                    if error:
                        raise KafkaException(error)
                    found.append(message.value() or b"")
            raise AssertionError(f"{name} has more than the {len(found)} messages that were read in {READ_SECONDS} s")
        finally:
            consumer.close()

    def _settings(self, **settings: Any) -> dict[str, Any]:
        place = {"bootstrap.servers": urlsplit(self._url).netloc, "log_level": 0}
        return place | {name.replace("_", "."): value for name, value in settings.items()}


class NatsClient(PlainClient):
    """JetStream streams on file; the subject is `<name>.events`."""

    errors = (OSError, nats.errors.Error, nats.js.errors.APIError, asyncio.TimeoutError)

    def create(self, name: str) -> None:
        async def work(client: nats.NATS) -> None:
            await client.jetstream().add_stream(name=name, subjects=[f"{name}.>"])

        asyncio.run(self._connected(work))

    def write(self, name: str, bodies: Iterable[bytes], acknowledged: list[bytes]) -> None:
        async def work(client: nats.NATS) -> None:
            stream = client.jetstream(timeout=SECONDS)
            for body in bodies:
                await stream.publish(f"{name}.events", body)
                acknowledged.append(body)

        asyncio.run(self._connected(work))

    def read(self, name: str) -> list[bytes]:
        async def work(client: nats.NATS) -> list[bytes]:
            stream = client.jetstream(timeout=SECONDS)
            count = (await stream.stream_info(name)).state.messages
            if not count:
                return []
            subscription = await stream.subscribe(f"{name}.>", ordered_consumer=True)
            return [(await subscription.next_msg(SECONDS)).data for _ in range(count)]

        return asyncio.run(self._connected(work))

    async def _connected(self, work: Any) -> Any:
        async def ignore(_: Exception) -> None:
            """The failed call raises; nats-py would log the error too."""

        client = await nats.connect(self._url, allow_reconnect=False, connect_timeout=int(SECONDS), error_cb=ignore)
        try:
            return await work(client)
        finally:
            await client.close()
