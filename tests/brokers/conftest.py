"""The brokers: one of each per run, and new ones for tests that kill or stop them."""

from __future__ import annotations

import contextlib
import itertools
import os
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import pytest

from webapp.relay.message import Message

from ..support.brokers.broker import Broker, running
from ..support.brokers.consumer import ExampleConsumer
from ..support.brokers.kafka_server import KafkaServer, S3Server
from ..support.brokers.nats_server import NatsServer
from ..support.brokers.nats_stream import NatsStream
from ..support.brokers.rabbitmq_server import RabbitmqServer
from ..support.brokers.redis_server import RedisServer, RespServer, ValkeyServer
from ..support.brokers.redis_stream import RedisStream
from ..support.brokers.relay_events import positions
from ..support.install import rabbitmq
from ..support.proxy import Proxy

HERE = Path(__file__).parent
_numbers = itertools.count(1)
Send = Callable[[Sequence[Message]], list[str]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test of this package; pytest passes the tests of all packages."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.brokers)


@pytest.fixture
def place() -> str:
    """A new name for this test's stream, queue, subject or topic."""
    return f"test_{os.getpid()}_{next(_numbers)}"


@pytest.fixture(scope="session")
def nats_server() -> Iterator[NatsServer]:
    with running(NatsServer) as server:
        yield server


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    with running(RedisServer) as server:
        yield server


@pytest.fixture(scope="session")
def valkey_server() -> Iterator[ValkeyServer]:
    with running(ValkeyServer) as server:
        yield server


@pytest.fixture(scope="session")
def rabbitmq_server() -> Iterator[RabbitmqServer]:
    with started_rabbitmq() as server:
        yield server


@pytest.fixture(scope="session")
def kafka_storage() -> Iterator[S3Server]:
    """The storage of every Kafka server of this run."""
    with running(S3Server) as server:
        yield server


@pytest.fixture(scope="session")
def kafka_server(kafka_storage: S3Server) -> Iterator[KafkaServer]:
    with running(KafkaServer, partial(KafkaServer, storage=kafka_storage)) as server:
        yield server


@pytest.fixture
def proxy_to() -> Iterator[Callable[[Broker], Proxy]]:
    """Starts a proxy before a server. A Kafka server is restarted, because it gives its clients its own address."""
    with contextlib.ExitStack() as stack:

        def start(server: Broker) -> Proxy:
            proxy = Proxy.to_port(server.port, server.host).start()
            stack.callback(proxy.close)
            if isinstance(server, KafkaServer):
                server.advertise(proxy.port)
            return proxy

        yield start


@pytest.fixture
def new_nats_server() -> Iterator[NatsServer]:
    """For a test that kills or stops it."""
    with running(NatsServer) as server:
        yield server


@pytest.fixture
def new_redis_server() -> Iterator[RedisServer]:
    """For a test that kills or stops it."""
    with running(RedisServer) as server:
        yield server


@pytest.fixture
def new_valkey_server() -> Iterator[ValkeyServer]:
    """For a test that kills or stops it."""
    with running(ValkeyServer) as server:
        yield server


@pytest.fixture
def new_rabbitmq_server() -> Iterator[RabbitmqServer]:
    """For a test that kills or stops it; it takes six seconds to start."""
    with started_rabbitmq() as server:
        yield server


@pytest.fixture
def new_kafka_server(kafka_storage: S3Server) -> Iterator[KafkaServer]:
    """For a test that kills or stops it."""
    with running(KafkaServer, partial(KafkaServer, storage=kafka_storage)) as server:
        yield server


@contextlib.contextmanager
def started_rabbitmq() -> Iterator[RabbitmqServer]:
    if rabbitmq.home() is None and RabbitmqServer.variable not in os.environ:
        pytest.skip(rabbitmq.BY_HAND)
    with running(RabbitmqServer) as server:
        yield server


@pytest.fixture(params=["redis_server", "valkey_server"])
def stream(request: pytest.FixtureRequest, place: str) -> Iterator[RedisStream]:
    """A new stream, on Redis and on Valkey."""
    server: RespServer = request.getfixturevalue(request.param)
    opened = RedisStream(server.url, place)
    yield opened
    opened.close()


@pytest.fixture(params=["new_redis_server", "new_valkey_server"])
def new_server(request: pytest.FixtureRequest) -> RespServer:
    """Redis, then Valkey, for a test that kills or changes it."""
    server: RespServer = request.getfixturevalue(request.param)
    return server


@pytest.fixture
def new_stream(new_server: RespServer, place: str) -> Iterator[RedisStream]:
    """A new stream on `new_server`."""
    opened = RedisStream(new_server.url, place)
    yield opened
    opened.close()


@pytest.fixture
def nats_stream(nats_server: NatsServer, place: str) -> NatsStream:
    """A new stream on file."""
    opened = NatsStream(nats_server.url, place)
    opened.create()
    return opened


@pytest.fixture
def new_nats_stream(new_nats_server: NatsServer, place: str) -> NatsStream:
    """A new stream on file, on `new_nats_server`."""
    opened = NatsStream(new_nats_server.url, place)
    opened.create()
    return opened


@pytest.fixture
def redis_consumer(redis_server: RedisServer, place: str, tmp_path: Path) -> Iterator[tuple[ExampleConsumer, Send]]:
    """An example consumer that is not started yet, and what sends messages to its stream."""
    stream = RedisStream(redis_server.url, place)
    sender = stream.sender()
    consumer = ExampleConsumer(tmp_path, "consumer_redis.py", redis_server.url, place)
    yield consumer, lambda sent: positions(sender.send(sent))
    consumer.kill()
    sender.close()
    stream.close()


@pytest.fixture
def nats_consumer(
    nats_server: NatsServer, nats_stream: NatsStream, tmp_path: Path
) -> Iterator[tuple[ExampleConsumer, Send]]:
    """An example consumer that is not started yet, and what sends messages to its stream."""
    sender = nats_stream.sender()
    consumer = ExampleConsumer(tmp_path, "consumer_nats.py", nats_server.url, nats_stream.name)
    yield consumer, lambda sent: positions(sender.send(sent))
    consumer.kill()
    sender.close()
