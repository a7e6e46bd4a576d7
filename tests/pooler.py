"""What a transaction pooler does to a session, on the wire: another process's number, and no notification passed on."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading


class Pooler:
    """Stands on a loopback port before PostgreSQL's Unix socket `path`; `url` is its address for `database`."""

    def __init__(self, path: str, database: str) -> None:
        self._path = path
        self._server = socket.create_server(("127.0.0.1", 0))
        port = self._server.getsockname()[1]
        self.url = f"postgresql://postgres@127.0.0.1:{port}/{database}?sslmode=disable&gssencmode=disable"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._server.accept()
                server = socket.socket(socket.AF_UNIX)
                server.connect(self._path)
                threading.Thread(target=_pass_on, args=(client, server), daemon=True).start()
                threading.Thread(target=_answer, args=(server, client), daemon=True).start()


def _pass_on(client: socket.socket, server: socket.socket) -> None:
    with contextlib.suppress(OSError), client, server:
        while data := client.recv(65536):
            server.sendall(data)


def _answer(server: socket.socket, client: socket.socket) -> None:
    """Message by message: a type, the length, the body."""
    with contextlib.suppress(OSError, ValueError), server.makefile("rb") as messages:
        while head := messages.read(5):
            kind, length = struct.unpack("!cI", head)
            body = messages.read(length - 4)
            if kind == b"K":  # BackendKeyData
                body = struct.pack("!I", 4711) + body[4:]
            if kind != b"A":  # NotificationResponse
                client.sendall(head + body)
