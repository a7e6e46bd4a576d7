"""CutAnswers: a proxy that loses the answers of a server, while what the client wrote has arrived there."""

from __future__ import annotations

import asyncio

from ..proxy import CHUNK_BYTES, Proxy


class CutAnswers(Proxy):
    """While `is_cutting`, each connection ends at the server's next answer, which is lost."""

    def __init__(self, port: int) -> None:
        super().__init__(lambda: asyncio.open_connection("127.0.0.1", port), answers=self._answer)
        self.is_cutting = False
        self.cuts = 0
        self._cuts_once = False

    def cut_next(self) -> None:
        """Lose the next answer only."""
        self.is_cutting = self._cuts_once = True

    async def _answer(self, reader: asyncio.StreamReader) -> bytes:
        data = await reader.read(CHUNK_BYTES)
        if data and self.is_cutting:
            self.cuts += 1
            if self._cuts_once:
                self.is_cutting = self._cuts_once = False
            raise EOFError
        if not data:
            raise EOFError
        return data
