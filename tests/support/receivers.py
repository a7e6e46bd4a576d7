"""Receivers of webhooks: small TCP servers, each with one behaviour, good or hostile."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Visit:
    """One connection of a client: `request` is what it sent, read to the end of its body."""

    def __init__(self, sock: socket.socket, stopped: threading.Event) -> None:
        self.socket, self.stopped = sock, stopped
        self.request = b""

    def read_request(self) -> bytes:
        """The whole request, by its Content-Length, if it has one. b"" when the client leaves before it is complete."""
        while b"\r\n\r\n" not in self.request or len(self.body) < self._length:
            piece = self.socket.recv(65_536)
            if not piece:
                return b""
            self.request += piece
        return self.request

    @property
    def head(self) -> str:
        return self.request.partition(b"\r\n\r\n")[0].decode("latin-1")

    @property
    def body(self) -> bytes:
        return self.request.partition(b"\r\n\r\n")[2]

    @property
    def _length(self) -> int:
        lines = self.head.lower().split("\r\n")
        return next((int(line.split(":")[1]) for line in lines if line.startswith("content-length:")), 0)

    def drip(self, piece: bytes, seconds: float = 0.02) -> None:
        """Send the piece again and again until the client leaves or the server stops."""
        while not self.stopped.wait(seconds):
            self.socket.sendall(piece)

    def wait(self) -> None:
        """Until the server stops."""
        self.stopped.wait(30)


Behaviour = Callable[[Visit], None]


def answering(answer: bytes) -> Behaviour:
    """Reads the request, sends the answer and closes."""

    def behave(visit: Visit) -> None:
        if visit.read_request():
            visit.socket.sendall(answer)

    return behave


class Receiver:
    """Listens on a free port of `host` until `close`. `visits` are the connections so far, in their order.

    With `tls` it speaks TLS; a client that ends the handshake makes no visit.
    """

    def __init__(
        self, behave: Behaviour, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1", port: int = 0
    ) -> None:
        self._behave, self._tls = behave, tls
        self._stopped = threading.Event()
        self._listening = socket.create_server((host, port), backlog=256)
        self._threads: list[threading.Thread] = []
        self.host, self.port = self._listening.getsockname()[:2]
        self.visits: list[Visit] = []
        self.names: list[str | None] = []  # of TLS (SNI)
        if tls is not None:
            tls.sni_callback = lambda _socket, name, _context: self.names.append(name)
        self._start(self._accept)

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://{self.host}:{self.port}/hooks?token=hunter2"

    def close(self) -> None:
        self._stopped.set()
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)
        self._listening.close()

    def _start(self, run: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=run, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while not self._stopped.is_set():
                sock, _address = self._listening.accept()
                self._start(self._serve, sock)

    def _serve(self, sock: socket.socket) -> None:
        with contextlib.suppress(OSError), contextlib.closing(sock):
            sock.settimeout(30)
            with self._tls.wrap_socket(sock, server_side=True) if self._tls else sock as secured:
                visit = Visit(secured, self._stopped)
                self.visits.append(visit)
                self._behave(visit)


# Of the fixture `receiver`: the behaviour and further arguments of a Receiver.
StartReceiver = Callable[..., Receiver]
