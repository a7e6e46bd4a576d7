"""The port on which a process without HTTP of its own answers Prometheus."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterable
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import disable_created_metrics, make_wsgi_app

from ...config import Config, ConfigError
from ...config.config import is_loopback
from . import accept, bearer

App = Callable[[dict[str, Any], Any], Iterable[bytes]]


class Server(ThreadingMixIn, WSGIServer):
    """A thread a request, so that one slow reader does not hold up the next."""

    daemon_threads = True


class Handler(WSGIRequestHandler):
    timeout = 10  # seconds; a client that sends nothing holds its thread no longer

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: a scrape is not worth a line."""


def serve_if_asked(setting: str, port: int, config: Config) -> int | None:
    """Serve where the operator gave a port; 0 is none. Returns the port that is served."""
    if not port:
        return None
    token = "" if is_loopback(config.metrics_host) else config.metrics_token
    return serve(port, config.metrics_host, setting, token)


def serve(port: int, host: str = "127.0.0.1", setting: str = "the metrics' port", token: str = "") -> int:
    """Answer `GET /metrics` from a thread, until the process ends; with a `token`, only those who show it. Returns the
    port, which the system chooses for 0.

    Raises ConfigError when it cannot be had: `setting` is the variable that the operator gave it in.
    """
    disable_created_metrics()  # a second series for each, which no query needs
    try:
        family, _, _, _, (address, *_) = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        kind: type[Server] = type("ServerOfFamily", (Server,), {"address_family": family})
        server = make_server(str(address), port, _guarded(make_wsgi_app(), token), kind, Handler)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        fault = f"{setting} is {port}, which cannot be had on {host!r} ({reason})."
        raise ConfigError([f"{fault} Choose a free port, or 0 for no metrics; METRICS_HOST is the address."]) from error
    threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()
    return int(server.server_port)


def _guarded(app: App, token: str) -> App:
    def guarded(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if token and not bearer.allows(environ.get("HTTP_AUTHORIZATION", ""), token):
            said = [("Content-Type", "text/plain; charset=utf-8"), ("WWW-Authenticate", "Bearer")]
            start_response("401 Unauthorized", said)
            return [bearer.HELP.encode()]
        return app(environ | {"HTTP_ACCEPT": accept.readable(environ.get("HTTP_ACCEPT", ""))}, start_response)

    return guarded
