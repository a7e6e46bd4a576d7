"""A persistent HTTP connection for one request after another, as a browser has several."""

from __future__ import annotations

import socket
from collections.abc import Callable

from .loop import Loop


class Wire:
    """One persistent connection. `answered(wire, head, body)` gets each answer. It reopens when the server has closed it."""

    def __init__(self, loop: Loop, address: tuple[str, int], answered: Callable[[Wire, bytes, bytes], None]) -> None:
        self._loop, self._address, self._answered = loop, address, answered
        self._request = self._answer = b""
        self._connect()

    @property
    def busy(self) -> bool:
        return bool(self._request)

    def ask(self, path: str, *headers: str) -> None:
        self._request = "\r\n".join((f"GET {path} HTTP/1.1", "Host: bench", *headers, "", "")).encode()
        self._send()

    def _send(self) -> None:
        self._answer = b""
        try:
            self._socket.sendall(self._request)
        except OSError:
            self._reopen()

    def _read(self, _events: int) -> None:
        try:
            data = self._socket.recv(65536)
        except OSError:
            data = b""
        if not data:
            return self._reopen()
        self._answer += data
        head, end, body = self._answer.partition(b"\r\n\r\n")
        if not end or len(body) < int(header_of(head, b"content-length") or 0):
            return None
        self._request = b""
        return self._answered(self, head, body)

    def _connect(self) -> None:
        self._socket = socket.create_connection(self._address)
        self._loop.add(self._socket.fileno(), self._read)

    def _reopen(self) -> None:
        """Reopen the connection, which the server closes when it is idle for too long."""
        self._loop.remove(self._socket.fileno())
        self._socket.close()
        self._connect()
        if self._request:
            self._send()


def header_of(head: bytes, name: bytes) -> bytes:
    place = head.lower().find(b"\r\n" + name + b":")
    return head[place + len(name) + 3 :].split(b"\r\n", 1)[0].strip() if place >= 0 else b""
