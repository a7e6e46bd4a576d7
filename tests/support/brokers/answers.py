"""AnswerProxy: a proxy in front of a broker that acts when a certain answer passes, or hangs up instead of passing it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from ..proxy import CHUNK_BYTES, Proxy


class AnswerProxy(Proxy):
    """Watches the answers of the server at `port` for the bytes `sign`. `on_sign` runs before the answer is passed on."""

    def __init__(self, port: int, sign: bytes) -> None:
        super().__init__(lambda: asyncio.open_connection("127.0.0.1", port), answers=self._pass)
        self._sign = sign
        self.cuts = False
        self.on_sign: Callable[[], object] | None = None
        self.seen = 0

    async def _pass(self, reader: asyncio.StreamReader) -> bytes:
        data = await reader.read(CHUNK_BYTES)
        if not data:
            raise EOFError
        if self._sign in data:
            self.seen += 1
            if self.on_sign is not None:
                self.on_sign()
            if self.cuts:
                raise EOFError
        return data
