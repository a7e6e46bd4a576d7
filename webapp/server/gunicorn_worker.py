"""gunicorn's gevent worker: it loses no connection when it stops, and all clients have deadlines.

When it stops, gunicorn closes its listening socket. Then it calls getsockname() on it for each connection that it has accepted
but not begun (gunicorn 27.0.1, base_async.py). That call fails and resets these connections: up to a hundred per reload of a
busy board.
"""

from __future__ import annotations

import socket
import sys
from functools import lru_cache
from typing import Any

from gunicorn import util
from gunicorn.http import message, wsgi
from gunicorn.workers.ggevent import GeventWorker

from . import response_head
from .request_body import Body, discard

# A peer that acknowledges nothing for so long is gone; a closed laptop sends no goodbye.
DEAD_MS = 40_000
# For one piece of a response; then a client that reads nothing loses its connection.
SEND_SECONDS = 60.0


class ListeningSocket:
    """A listening socket whose `getsockname` also works after it is closed."""

    def __init__(self, listener: Any) -> None:
        self._socket, self._name = listener, listener.getsockname()

    def getsockname(self) -> Any:
        return self._name

    def __getattr__(self, name: str) -> Any:
        return getattr(self._socket, name)


def _cache_constants(cfg: Any) -> None:
    """Compute once what gunicorn computes for each request: another tenth of its cost."""
    environ, is_allowed, proxies = wsgi.base_environ(cfg), message._ip_in_allow_list, cfg.forwarded_allow_networks()

    @lru_cache(maxsize=1024)
    def is_proxy(address: str) -> bool:
        return bool(is_allowed(address, cfg.forwarded_allow_ips, proxies))

    def is_allowed_or_proxy(address: str, allowed: Any, networks: Any) -> bool:
        return is_proxy(address) if networks is proxies else bool(is_allowed(address, allowed, networks))

    wsgi.base_environ = lambda _cfg: environ.copy()
    message._ip_in_allow_list = is_allowed_or_proxy
    util.http_date = response_head.date


class Worker(GeventWorker):
    """The worker_class of gunicorn.conf.py."""

    def init_process(self) -> None:
        # gunicorn finds each setting by two calls, thirty times per request: a tenth of its cost.
        self.cfg.__dict__.update({name: setting.get() for name, setting in self.cfg.settings.items()})
        _cache_constants(self.cfg)
        super().init_process()

    def patch(self) -> None:
        super().patch()  # replaces self.sockets by gevent's
        # Connections inherit it, and gunicorn's TCP_NODELAY as well.
        for listener in self.sockets:
            if listener.family in (socket.AF_INET, socket.AF_INET6) and sys.platform == "linux":
                listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, DEAD_MS)
        self._listeners = {listener: ListeningSocket(listener) for listener in self.sockets}

    def handle(self, listener: Any, client: Any, addr: Any) -> None:
        super().handle(self._listeners[listener], client, addr)

    def handle_request(self, listener_name: Any, req: Any, sock: Any, addr: Any) -> Any:
        """Handle a request with deadlines for its body and its response. gunicorn's `keepalive` limits the head."""
        body, req.body = req.body, Body(req.body, req.force_close)
        sock.settimeout(SEND_SECONDS)
        try:
            answered = super().handle_request(listener_name, req, sock, addr)
        except TimeoutError:
            raise StopIteration from None  # gunicorn then closes the connection
        except StopIteration:
            if not req.must_close:
                discard(body)
            raise
        finally:
            req.body = body
        sock.settimeout(None)  # the head has its own deadline
        if not discard(body):
            raise StopIteration
        return answered
