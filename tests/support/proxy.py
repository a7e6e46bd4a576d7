"""A connection that can fall silent or lose answers: a TCP proxy before a Unix socket or a port. Others of its kind end
TLS (redis_servers.py) or change what the server answers (pooler.py).

A stalled connection forwards nothing in either direction, and neither side is told: no RST, no FIN, and the kernel goes
on acknowledging what is sent. So a host vanishes behind a firewall, and no keepalive notices.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import threading
from collections.abc import Awaitable, Callable
from typing import Self

Opened = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Read = Callable[[asyncio.StreamReader], Awaitable[bytes]]
CHUNK_BYTES = 65_536


class Proxy:
    """Listens on a free port of 127.0.0.1 from `start` on. `stall` and `heal` may be called from any thread.

    With `tls` it speaks TLS to whom knocks. `answers` reads a piece of what the server says, and gives what to pass on of it;
    it raises EOFError at the end. `requests` does so for the client.
    """

    def __init__(
        self,
        open_target: Callable[[], Awaitable[Opened]],
        tls: ssl.SSLContext | None = None,
        answers: Read | None = None,
        requests: Read | None = None,
    ) -> None:
        self._open_target = open_target
        self._tls = tls
        self._answers, self._requests = answers or _any, requests or _any
        self._loop = asyncio.new_event_loop()
        self._flows: set[asyncio.Event] = set()  # one a connection: set while it forwards
        self._new_ones_flow = True
        self._drops_answers = False
        self._tasks: set[asyncio.Task[None]] = set()
        self.port = 0

    @classmethod
    def to_unix_socket(cls, path: str) -> Proxy:
        return cls(lambda: asyncio.open_unix_connection(path))

    @classmethod
    def to_port(cls, port: int, host: str = "127.0.0.1") -> Proxy:
        return cls(lambda: asyncio.open_connection(host, port))

    def start(self) -> Self:
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(5)
        return self

    def close(self) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(5)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    def stall(self, *, new_ones_too: bool = False) -> int:
        """Every connection of now falls silent, and with `new_ones_too` those to come; says how many there were."""
        return asyncio.run_coroutine_threadsafe(self._set(False, not new_ones_too), self._loop).result(5)

    def drop_answers(self) -> None:
        """Forward requests only: from now on, every answer of the server is lost. `cut` and `heal` end it."""
        self._drops_answers = True

    def cut(self) -> int:
        """Close every connection, on both sides; returns their number. New connections forward both directions."""
        self._drops_answers = False
        return asyncio.run_coroutine_threadsafe(self._cut(), self._loop).result(5)

    def heal(self) -> None:
        """All forward again, what piled up first."""
        self._drops_answers = False
        asyncio.run_coroutine_threadsafe(self._set(True, True), self._loop).result(5)

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _set(self, flows: bool, new_ones_flow: bool) -> int:
        self._new_ones_flow = new_ones_flow
        for flow in self._flows:
            flow.set() if flows else flow.clear()
        return len(self._flows)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        flow = asyncio.Event()
        if self._new_ones_flow:
            flow.set()
        self._flows.add(flow)
        try:
            await flow.wait()
            target_reader, target_writer = await self._open_target()
            to_target = asyncio.create_task(_pump(self._requests, reader, target_writer, flow))
            from_target = asyncio.create_task(_pump(self._read_answer, target_reader, writer, flow))
            try:
                await asyncio.wait({to_target, from_target}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                to_target.cancel()
                from_target.cancel()
                target_writer.close()
        except (OSError, asyncio.CancelledError):
            pass  # the server is away, or the proxy closes: whoever knocked is hung up on
        finally:
            self._flows.discard(flow)
            self._tasks.discard(task)
            writer.close()

    async def _read_answer(self, reader: asyncio.StreamReader) -> bytes:
        data = await self._answers(reader)
        return b"" if self._drops_answers else data

    async def _end(self) -> None:
        self._server.close()
        await self._cut()

    async def _cut(self) -> int:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return len(tasks)


async def _any(reader: asyncio.StreamReader) -> bytes:
    data = await reader.read(CHUNK_BYTES)
    if not data:
        raise EOFError
    return data


async def _pump(read: Read, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, flow: asyncio.Event) -> None:
    """Pass on until one side hangs up. A hang-up, too, is passed on only while the connection flows."""
    with contextlib.suppress(OSError, EOFError):
        while True:
            data = await read(reader)
            await flow.wait()
            writer.write(data)
            await writer.drain()
    await flow.wait()
