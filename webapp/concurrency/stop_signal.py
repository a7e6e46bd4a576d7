"""A request to stop that ends any wait at once, one on a socket too."""

from __future__ import annotations

import select
import socket


class StopSignal:
    """Called as a signal handler. Its descriptor is readable once somebody asked."""

    def __init__(self) -> None:
        self._read, self._write = socket.socketpair()
        self.asked = False

    def __call__(self, *_signal: object) -> None:
        if not self.asked:
            self.asked = True
            self._write.send(b"!")

    def fileno(self) -> int:
        return self._read.fileno()

    def wait(self, seconds: float) -> None:
        select.select([self], [], [], max(0.0, seconds))
