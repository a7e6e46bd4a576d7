"""How gunicorn serves Doorbell: `gunicorn -c gunicorn.conf.py wsgi:app`. Environment in, nothing else.

Put nginx or Caddy in front for TLS and HTTP/2: gunicorn's own HTTP/2 serves a connection's streams one after another.
"""

from __future__ import annotations

import os
import signal
from typing import Any

bind = os.environ.get("BIND", "127.0.0.1:" + os.environ.get("PORT", "8000"))
workers = int(os.environ.get("WEB_CONCURRENCY", "1"))
worker_class = "gevent"  # a greenlet a stream; it patches the sockets before the app is imported, so never preload_app
worker_connections = 10_000  # open streams and requests a worker
graceful_timeout = int(os.environ.get("GRACEFUL_TIMEOUT", "30"))  # seconds in which a stopping worker ends its streams
timeout = 60  # seconds without a sign of life before a worker is replaced; an open stream is no such silence
keepalive = 5
control_socket_disable = True
accesslog = None  # a stream would be logged when it ends, ten minutes later; set ACCESS_LOG=- in front of a proxy-less setup
if os.environ.get("ACCESS_LOG"):
    accesslog = os.environ["ACCESS_LOG"]


def post_worker_init(worker: Any) -> None:
    """On SIGTERM gunicorn waits for open responses; streams never end by themselves, so the hub ends them."""
    import gevent

    hub = worker.wsgi.extensions["doorbell_hub"]
    stop = signal.getsignal(signal.SIGTERM)

    def end_streams_and_stop(signum: int, frame: Any) -> None:
        gevent.spawn(hub.close_all, graceful_timeout / 2)
        stop(signum, frame)  # type: ignore[operator,misc]

    signal.signal(signal.SIGTERM, end_streams_and_stop)
