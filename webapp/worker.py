"""gunicorn's gevent worker, which loses no connection when it stops.

On a stop it closes its listening socket and then asks that socket for its name, once for each connection that it had accepted
and not yet begun with (gunicorn 27.0.1, base_async.py): they would be reset, up to a hundred at each reload of a busy board.
"""

from __future__ import annotations

from typing import Any

from gunicorn.workers.ggevent import GeventWorker


class Listener:
    """A listening socket that knows its name when it is closed."""

    def __init__(self, socket: Any) -> None:
        self._socket, self._name = socket, socket.getsockname()

    def getsockname(self) -> Any:
        return self._name

    def __getattr__(self, name: str) -> Any:
        return getattr(self._socket, name)


class Worker(GeventWorker):
    """Named in gunicorn.conf.py."""

    def patch(self) -> None:
        super().patch()  # it makes gevent's sockets of them
        self._listeners = {socket: Listener(socket) for socket in self.sockets}

    def handle(self, listener: Any, client: Any, addr: Any) -> None:
        super().handle(self._listeners[listener], client, addr)
