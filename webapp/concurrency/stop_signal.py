"""A request to stop that ends any wait at once, including a wait on a socket."""

from __future__ import annotations

import select
import socket


class StopSignal:
    """A signal handler. Once it was called, `requested` is true and its descriptor is readable."""

    def __init__(self) -> None:
        self._read, self._write = socket.socketpair()
        self.requested = False

    def __call__(self, *_signal: object) -> None:
        if not self.requested:
            self.requested = True
            self._write.send(b"!")

    def fileno(self) -> int:
        return self._read.fileno()

    def wait(self, seconds: float) -> None:
        """Wait for the request, at most `seconds`."""
        select.select([self], [], [], max(0.0, seconds))
