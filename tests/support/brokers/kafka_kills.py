"""KafkaKills: kills of Tansu between two batches.

Kafka knows from its log which batches of a producer it has. Tansu counts a batch before it stores it. A kill in between loses
the batch, and the producer's repeat of it is then acknowledged and not stored. The broker is killed here once it has answered
all requests, because trials of the relay need a broker that keeps what it has acknowledged.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Self

from ..proxy import Proxy
from ..wait import eventually
from .kafka_server import KafkaServer

# Requests whose client was killed are never answered.
ANSWER_SECONDS = 5.0


class KafkaKills:
    """A server behind a proxy that its clients use: `port` is the proxy's. `restart` kills and starts the server."""

    def __init__(self, server: KafkaServer) -> None:
        self._server, self._proxy = server, _CountingProxy(server)

    def __enter__(self) -> Self:
        self._proxy.start()
        self._server.advertise(self._proxy.port)
        return self

    def __exit__(self, *_error: object) -> None:
        self._proxy.close()

    @property
    def port(self) -> int:
        return self._proxy.port

    def restart(self) -> None:
        self._proxy.may_ask.clear()
        with contextlib.suppress(AssertionError):
            eventually(lambda: self._proxy.unanswered == 0, ANSWER_SECONDS)
        self._server.kill()
        self._proxy.cut()
        self._proxy.unanswered = 0
        self._server.start()
        self._proxy.let_ask()


class _CountingProxy(Proxy):
    """Counts requests without an answer, and can hold requests back."""

    def __init__(self, server: KafkaServer) -> None:
        super().__init__(
            lambda: asyncio.open_connection(server.host, server.port), answers=self._answer, requests=self._request
        )
        self.unanswered = 0
        self.may_ask = asyncio.Event()
        self.may_ask.set()

    def let_ask(self) -> None:
        self._loop.call_soon_threadsafe(self.may_ask.set)

    async def _request(self, reader: asyncio.StreamReader) -> bytes:
        frame = await _frame(reader)
        await self.may_ask.wait()
        self.unanswered += 1
        return frame

    async def _answer(self, reader: asyncio.StreamReader) -> bytes:
        frame = await _frame(reader)
        self.unanswered -= 1
        return frame


async def _frame(reader: asyncio.StreamReader) -> bytes:
    """A request or an answer: its length in four bytes, then its content. Raises IncompleteReadError, an EOFError."""
    length = await reader.readexactly(4)
    return length + await reader.readexactly(int.from_bytes(length))
