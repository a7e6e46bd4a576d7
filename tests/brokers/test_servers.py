"""The test's own brokers: a kill keeps what was acknowledged, a stop ends no connection, and a proxy loses answers."""

from __future__ import annotations

import contextlib
import itertools
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from ..support.brokers.broker import Broker
from ..support.brokers.kafka_server import KafkaServer
from ..support.brokers.nats_server import NatsServer
from ..support.brokers.plain_clients import AmqpClient, KafkaClient, NatsClient, PlainClient, RedisClient
from ..support.brokers.rabbitmq_server import RabbitmqServer
from ..support.brokers.redis_server import RedisServer, ValkeyServer
from ..support.proxy import Proxy
from ..support.wait import eventually

ROOT = Path(__file__).parents[2]
CLIENTS: dict[type[Broker], type[PlainClient]] = {
    NatsServer: NatsClient,
    KafkaServer: KafkaClient,
    RabbitmqServer: AmqpClient,
    RedisServer: RedisClient,
    ValkeyServer: RedisClient,
}
NEW_SERVERS = ("new_nats_server", "new_redis_server", "new_valkey_server", "new_rabbitmq_server", "new_kafka_server")
KILLS, MESSAGES = 2, 150
ORPHAN = """
import signal
from tests.support.brokers.broker import running
from tests.support.brokers.redis_server import RedisServer

with running(RedisServer) as server:
    print(server.port, flush=True)
    signal.pause()
"""


@pytest.fixture(params=NEW_SERVERS)
def server(request: pytest.FixtureRequest) -> Broker:
    """Each kind of broker, new."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def client(server: Broker) -> PlainClient:
    return CLIENTS[type(server)](server.url)


def bodies() -> Iterator[bytes]:
    """Different bodies without end."""
    return (f"message {number}".encode() for number in itertools.count(1))


def has(messages: list[bytes], count: int) -> bool:
    return len(messages) > count


def writes_one(client: PlainClient, place: str, unwritten: Iterator[bytes], acknowledged: list[bytes]) -> bool:
    """Whether the next body is acknowledged. A queue may be without a leader shortly after a start."""
    with contextlib.suppress(*client.errors):
        client.write(place, itertools.islice(unwritten, 1), acknowledged)
        return True
    return False


def test_a_killed_server_keeps_every_acknowledged_message_in_order(
    server: Broker, client: PlainClient, place: str
) -> None:
    server.require_own_server()
    client.create(place)
    acknowledged: list[bytes] = []
    unwritten = bodies()
    is_killed = threading.Event()

    def write() -> None:
        while not is_killed.is_set():
            with contextlib.suppress(*client.errors):
                client.write(place, unwritten, acknowledged)

    for kill in range(1, KILLS + 1):
        is_killed.clear()
        writer = threading.Thread(target=write)
        writer.start()
        try:
            eventually(partial(has, acknowledged, kill * MESSAGES), 60)
        finally:
            is_killed.set()
            server.kill()
            writer.join(20)
        assert not writer.is_alive()
        server.restart()
    # Tansu may have counted a batch that the kill kept from its storage; the next one ends the topic again.
    eventually(partial(writes_one, client, place, unwritten, acknowledged), 30)
    stored = eventually(lambda: client.read(place), 30)
    assert [body for body in stored if body in set(acknowledged)] == acknowledged


def test_a_stopped_server_answers_nothing_and_then_goes_on(server: Broker, client: PlainClient, place: str) -> None:
    client.create(place)
    acknowledged: list[bytes] = []
    assert server.answers()
    with server.stop_for_a_while():
        assert not server.answers(0.2)
        with pytest.raises(client.errors):
            client.write(place, [b"unanswered"], acknowledged)
    assert acknowledged == []
    client.write(place, [b"answered"], acknowledged)
    assert acknowledged == [b"answered"]
    assert client.read(place)[-1] == b"answered"


def test_a_message_is_stored_although_its_acknowledgement_is_lost(
    server: Broker, place: str, proxy_to: Callable[[Broker], Proxy]
) -> None:
    proxy = proxy_to(server)
    client = CLIENTS[type(server)](server.url_at(proxy.port))
    client.create(place)
    acknowledged: list[bytes] = []

    def unwritten() -> Iterator[bytes]:
        yield b"acknowledged"
        # The writer asks for the next message after the acknowledgement of the last.
        proxy.drop_answers()
        yield b"stored only"

    with pytest.raises(client.errors):
        client.write(place, unwritten(), acknowledged)
    assert acknowledged == [b"acknowledged"]
    proxy.cut()
    assert eventually(lambda: client.read(place), 30) == [b"acknowledged", b"stored only"]


def test_a_server_ends_when_its_test_process_is_killed(tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", ORPHAN], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    with process:
        port = int(process.stdout.readline())
        server = RedisServer(tmp_path, f"127.0.0.1:{port}")
        assert server.answers()
        process.kill()
    eventually(lambda: not server.answers())


def test_a_write_to_a_queue_that_is_not_there_fails(rabbitmq_server: RabbitmqServer, place: str) -> None:
    acknowledged: list[bytes] = []
    with pytest.raises(AmqpClient.errors, match="NO_ROUTE"):
        AmqpClient(rabbitmq_server.url).write(place, [b"lost"], acknowledged)
    assert acknowledged == []


def test_a_restarted_server_is_not_ready_by_what_it_logged_before(new_redis_server: RedisServer) -> None:
    new_redis_server.require_own_server()
    assert new_redis_server.log.count("Ready to accept connections") == 1
    new_redis_server.restart()
    assert new_redis_server.log.count("Ready to accept connections") == 1
