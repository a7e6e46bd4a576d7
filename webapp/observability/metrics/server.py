"""A small HTTP server for Prometheus, in processes without HTTP of their own."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterable
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import disable_created_metrics, make_wsgi_app

from ...config import Config, ConfigError
from ...config.network import is_loopback
from . import accept, bearer

App = Callable[[dict[str, Any], Any], Iterable[bytes]]


class Server(ThreadingMixIn, WSGIServer):
    """One thread per request, so that a slow client does not block the next."""

    daemon_threads = True


class Handler(WSGIRequestHandler):
    # Seconds until a client that sends nothing loses its thread.
    timeout = 10

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing: scrapes are frequent."""


def serve_if_asked(setting: str, port: int, config: Config) -> int | None:
    """Serve metrics on `port`; 0 means no metrics. Returns the port in use, or None."""
    if not port:
        return None
    token = "" if is_loopback(config.metrics_host) else config.metrics_token
    return serve(port, config.metrics_host, setting, token)


def serve(port: int, host: str = "127.0.0.1", setting: str = "the metrics port", token: str = "") -> int:
    """Answer `GET /metrics` from a thread until the process ends. Returns the port, which the system chooses for 0.

    With a `token`, requests must carry it. Raises ConfigError when the port cannot be bound; `setting` is the environment
    variable to name in its message.
    """
    disable_created_metrics()
    try:
        family, _, _, _, (address, *_) = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        kind: type[Server] = type("ServerOfFamily", (Server,), {"address_family": family})
        server = make_server(str(address), port, _guarded(make_wsgi_app(), token), kind, Handler)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        fault = f"{setting} is {port}, which cannot be bound on {host!r} ({reason})."
        raise ConfigError([f"{fault} Choose a free port, or 0 for no metrics; METRICS_HOST is the address."]) from error
    threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()
    return int(server.server_port)


def _guarded(app: App, token: str) -> App:
    def guarded(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if token and not bearer.allows(environ.get("HTTP_AUTHORIZATION", ""), token):
            headers = [("Content-Type", "text/plain; charset=utf-8"), ("WWW-Authenticate", "Bearer")]
            start_response("401 Unauthorized", headers)
            return [bearer.HELP.encode()]
        return app(environ | {"HTTP_ACCEPT": accept.readable(environ.get("HTTP_ACCEPT", ""))}, start_response)

    return guarded
