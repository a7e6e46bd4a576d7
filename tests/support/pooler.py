"""What a transaction pooler does to a session, on the wire: another process's number, and no notification passed on."""

from __future__ import annotations

import asyncio
import struct

from .proxy import Proxy


class Pooler(Proxy):
    """Stands on a loopback port before PostgreSQL's Unix socket `path`; `url` is its address for `database`."""

    def __init__(self, path: str, database: str) -> None:
        super().__init__(lambda: asyncio.open_unix_connection(path), answers=_answer)
        self.start()
        self.url = f"postgresql://postgres@127.0.0.1:{self.port}/{database}?sslmode=disable&gssencmode=disable"


async def _answer(messages: asyncio.StreamReader) -> bytes:
    """Message by message: a type, the length, the body."""
    head = await messages.readexactly(5)
    kind, length = struct.unpack("!cI", head)
    body = await messages.readexactly(length - 4)
    if kind == b"A":  # NotificationResponse
        return b""
    if kind == b"K":  # BackendKeyData
        body = struct.pack("!I", 4711) + body[4:]
    return head + body
