"""Queues of RabbitMQ for tests, and its command line."""

from __future__ import annotations

import subprocess
from typing import Any, Self

import amqp

from webapp.relay.address import Address, parse

from ..install import rabbitmq
from .rabbitmq_server import RabbitmqServer


class Queues:
    """A plain client of one server, for declaring and reading."""

    def __init__(self, server: RabbitmqServer) -> None:
        user, _, password = server.credentials.partition(":")
        self._connection = amqp.Connection(f"{server.host}:{server.port}", user, password, connect_timeout=5)
        self._connection.connect()
        self.channel = self._connection.channel()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def declare(self, name: str, *keys: str, exchange: str = "", **arguments: Any) -> None:
        """A durable topic exchange, and a quorum queue of the same name bound to it for each key."""
        exchange = exchange or name
        self.channel.exchange_declare(exchange, "topic", durable=True, auto_delete=False)
        settings = {"x-queue-type": "quorum"} | {
            f"x-{key.replace('_', '-')}": value for key, value in arguments.items()
        }
        if keys:
            self.channel.queue_declare(name, durable=True, auto_delete=False, arguments=settings)
        for key in keys:
            self.channel.queue_bind(name, exchange, key)

    def read(self, name: str) -> list[Any]:
        """All messages that are ready, in the queue's order; they are acknowledged."""
        messages = []
        while (message := self.channel.basic_get(name)) is not None:
            self.channel.basic_ack(message.delivery_tag)
            messages.append(message)
        return messages

    def count(self, name: str) -> int:
        """The messages that are ready."""
        return int(self.channel.queue_declare(name, passive=True).message_count)

    def ids(self, name: str) -> list[str]:
        return [message.message_id for message in self.read(name)]


def address(server: RabbitmqServer, exchange: str, port: int = 0, **options: str) -> Address:
    """The address of an exchange, through another port if one is named."""
    query = "&".join(f"{name}={value}" for name, value in {"exchange": exchange, **options}.items())
    return parse(f"{server.url_at(port or server.port, server.host)}?{query}")


def control(server: RabbitmqServer, *arguments: str) -> str:
    """`rabbitmqctl` on the server's node."""
    home = rabbitmq.home()
    assert home is not None
    command = [str(home / "sbin" / "rabbitmqctl"), "--quiet", *arguments]
    done = subprocess.run(command, env=server.environment(), capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def write_definitions(server: RabbitmqServer) -> None:
    """Write declared queues and bindings to disk; RabbitMQ does so some seconds later, and a kill before loses them."""
    assert control(server, "eval", "mnesia:sync_log(), mnesia:dump_log().").strip() == "dumped"
