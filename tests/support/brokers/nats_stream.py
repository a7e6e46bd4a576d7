"""NatsStream: a JetStream stream of a test, read and changed without any code of the relay; and servers with own settings."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import nats
from nats.aio.client import Client
from nats.aio.msg import Msg

from webapp.relay.address import parse
from webapp.relay.senders.nats_jetstream import NatsSender

from .nats_server import NatsServer

T = TypeVar("T")
SECONDS = 5.0


class NatsStream:
    """The stream `name` with the subjects `<name>.<tenant>.<type>`."""

    def __init__(self, url: str, name: str) -> None:
        self.url, self.name = url, name
        self.subject = f"{name}.{{tenant}}.{{type}}"

    def sender(self, url: str = "", seconds: float = 15.0, subject: str = "") -> NatsSender:
        return NatsSender(parse(f"{url or self.url}?subject={subject or self.subject}"), seconds)

    def create(self, **settings: Any) -> None:
        subjects = settings.pop("subjects", [f"{self.name}.>"])
        self.run(lambda client: client.jetstream().add_stream(name=self.name, subjects=subjects, **settings))

    def delete(self) -> None:
        self.run(lambda client: client.jetstream().delete_stream(self.name))

    def messages(self) -> list[Msg]:
        """All messages in the order of the stream."""

        async def read(client: Client) -> list[Msg]:
            stream = client.jetstream(timeout=SECONDS)
            count = (await stream.stream_info(self.name)).state.messages
            if not count:
                return []
            subscription = await stream.subscribe(">", stream=self.name, ordered_consumer=True)
            return [await subscription.next_msg(SECONDS) for _ in range(count)]

        return self.run(read)

    @property
    def events(self) -> list[int]:
        """The ids of the events, in the order of the stream."""
        return [int(message.headers["ce-id"].partition("-")[0]) for message in self.messages() if message.headers]

    def beside_a_subscriber(self, answer: bytes, work: Callable[[], T]) -> T:
        """The result of `work` while a plain subscriber answers each message."""

        async def subscribed(client: Client) -> T:
            async def respond(message: Msg) -> None:
                await message.respond(answer)

            await client.subscribe(f"{self.name}.>", cb=respond)
            await client.flush()
            return await asyncio.to_thread(work)

        return self.run(subscribed)

    def run(self, work: Callable[[Client], Awaitable[T]]) -> T:
        """The result of `work` with a client of its own."""

        async def connected() -> T:
            client = await nats.connect(self.url, allow_reconnect=False)
            try:
                return await work(client)
            finally:
                await client.close()

        return asyncio.run(connected())


def with_settings(settings: str) -> type[NatsServer]:
    """A kind of NatsServer with more lines in its configuration; `{directory}` is replaced in them."""

    class Configured(NatsServer):
        variable = "RELAY_TEST_NO_NATS"

        def command(self) -> list[str]:
            file = self.directory / "nats.conf"
            file.write_text(settings.replace("{directory}", str(self.directory)))
            return [*super().command(), "-c", str(file)]

        def answers(self, seconds: float = 1.0) -> bool:
            """The greeting is enough: with TLS the server answers nothing else in clear text."""
            with contextlib.suppress(OSError), socket.create_connection((self.host, self.port), seconds) as conn:
                return conn.recv(5) == b"INFO "
            return False

    return Configured
