"""gunicorn's gevent worker, which loses no connection when it stops, and waits for no client for good.

On a stop it closes its listening socket and then asks that socket for its name, once for each connection that it had accepted
and not yet begun with (gunicorn 27.0.1, base_async.py): they would be reset, up to a hundred at each reload of a busy board.
"""

from __future__ import annotations

from typing import Any

from gunicorn.workers.ggevent import GeventWorker

from .request_body import Body, discard

SEND_SECONDS = 60.0  # for one piece of an answer; a reader that takes nothing holds its greenlet no longer


class ListeningSocket:
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
        self._listeners = {socket: ListeningSocket(socket) for socket in self.sockets}

    def handle(self, listener: Any, client: Any, addr: Any) -> None:
        super().handle(self._listeners[listener], client, addr)

    def handle_request(self, listener_name: Any, req: Any, sock: Any, addr: Any) -> Any:
        """The body and the answer have deadlines; gunicorn's own `keepalive` is the head's."""
        body, req.body = req.body, Body(req.body, req.force_close)
        sock.settimeout(SEND_SECONDS)
        try:
            answered = super().handle_request(listener_name, req, sock, addr)
        except TimeoutError:
            raise StopIteration from None  # gunicorn closes the connection in silence
        except StopIteration:
            if not req.must_close:  # else nothing more can come
                discard(body)
            raise
        finally:
            req.body = body
        sock.settimeout(None)  # a timer a wait: the next head has its own
        if not discard(body):
            raise StopIteration
        return answered
