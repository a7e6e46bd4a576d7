"""gunicorn's configuration: `gunicorn -c gunicorn.conf.py wsgi:app`.

A stream is a descriptor and some hundred bytes, so one process holds thousands; add processes (WEB_CONCURRENCY) for CPU.
gevent patches the standard library in each worker before the app is loaded there: never preload the app.
"""

import gc
import os
import shutil
import signal
import sys
import tempfile
from typing import Any

from gunicorn.glogging import Logger

# None of them imports a library that gevent must patch first (tests/observability/test_process_imports.py).
from webapp.config import CANNOT_START, ConfigError, network
from webapp.config.env import EnvReader
from webapp.observability import logs

_read = EnvReader(os.environ)
# A proxy in front does TLS and HTTP/2.
bind = network.bind_address(_read)
worker_class = "webapp.server.gunicorn_worker.Worker"
workers = _read.whole_number("WEB_CONCURRENCY", 1, 1, 1_000)
# Concurrent requests per process. Streams count only where each holds a greenlet (STREAM_TRANSPORT=generator).
worker_connections = 10_000
# Connections that wait to be accepted. After a restart all pages come back while the worker still loads the app; one that does
# not fit tries again after 1, 3 and 7 s. The system's limit is net.core.somaxconn, 4,096 by default.
backlog = 16_384
# Seconds. A stop waits this long for idle connections, so the proxy keeps them for less (README: 4 s).
keepalive = 5
# Seconds until a worker that hangs is killed; open streams do not count as a hang.
timeout = 60
# Seconds to end all streams on a deploy.
graceful_timeout = _read.whole_number("GRACEFUL_TIMEOUT", 30, 0, 3600)
preload_app = False

# After its start a worker compresses the static files, unless a page needs them earlier. It takes half a second of CPU time,
# which after a restart belongs to the open pages: they open their streams again, and have their files.
STATIC_FILES_SECONDS = 10.0

# Time for a worker to end its streams when it exits without SIGTERM, for example at `max_requests`.
LAST_STREAMS_SECONDS = 1.0

# X-Forwarded-Proto and the like are trusted from these addresses only: name the proxy's if it runs on another machine.
forwarded_allow_ips = _read.text("FORWARDED_ALLOW_IPS", "127.0.0.1,::1")
# No header may set SCRIPT_NAME or PATH_INFO: a client's value would cause a 500.
forwarder_headers = ""

# A board sends a request per second; the proxy keeps the access log.
accesslog = None
errorlog = "-"
loglevel = _read.text("GUNICORN_LOG_LEVEL", "warning")


if _read.faults:
    print(ConfigError(_read.faults), file=sys.stderr)
    sys.exit(CANNOT_START)

LINE_CHARS = 300


class OurLogger(Logger):
    """gunicorn's logger in our format. The master creates it and the workers inherit it."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        logs.configure(os.environ)
        self.error_log.handlers.clear()
        self.error_log.propagate = True

    def warning(self, msg: Any, *args: Any, **kwargs: Any) -> None:
        """Shorten the line: gunicorn quotes malformed requests, which can have thousands of characters."""
        text = str(msg)
        super().warning(text if args or len(text) <= LINE_CHARS else f"{text[:LINE_CHARS]}…", *args, **kwargs)


logger_class = OurLogger
# Else gunicorn creates a socket file in the working directory.
control_socket_disable = True

# Each worker writes its metrics to this directory, so that any worker can answer for all.
METRICS_DIRECTORY = "PROMETHEUS_MULTIPROC_DIR"


def on_starting(_server: Any) -> None:
    """Create a new directory, before the first worker: metrics of an earlier run would count twice."""
    # After SIGUSR2 the variable still names the directory of the old master.
    os.environ.pop(METRICS_DIRECTORY, None)
    if os.environ.get("METRICS_TOKEN"):
        os.environ[METRICS_DIRECTORY] = tempfile.mkdtemp(prefix="doorbell-metrics-")


def child_exit(_server: Any, worker: Any) -> None:
    """Stop counting the worker's streams, however it ended."""
    if METRICS_DIRECTORY in os.environ:
        from prometheus_client.multiprocess import mark_process_dead

        mark_process_dead(worker.pid)


def on_exit(_server: Any) -> None:
    if METRICS_DIRECTORY in os.environ:
        shutil.rmtree(os.environ[METRICS_DIRECTORY], ignore_errors=True)


def pre_request(_worker: Any, _request: Any) -> None:
    """In place of gunicorn's hook, which writes a line for debugging at each request."""


def post_worker_init(worker: Any) -> None:
    """Prepare a worker. On SIGTERM the hub ends the streams, because gunicorn waits for open responses and they never end."""
    import gevent

    from webapp.server import open_files, static_files
    from webapp.services import services

    refuse_an_insecure_network(worker)
    open_files.raise_limit()
    gevent.spawn_later(STATIC_FILES_SECONDS, static_files.prepare, worker.wsgi)
    hub = services(worker.wsgi).hub
    hub.start()
    services(worker.wsgi).sightings.start()
    stop = signal.getsignal(signal.SIGTERM)

    def end_streams_and_stop(signum: int, frame: Any) -> None:
        gevent.spawn(hub.close_all, min(graceful_timeout, timeout) / 2)
        stop(signum, frame)  # type: ignore[operator,misc]

    signal.signal(signal.SIGTERM, end_streams_and_stop)
    # All objects so far are permanent. Each full garbage collection would scan them for about 70 ms and block all requests.
    gc.collect()
    gc.freeze()


def refuse_an_insecure_network(worker: Any) -> None:
    """Exit where the addresses that gunicorn bound, by whichever option, are not safe for this configuration."""
    from webapp.services import services

    config = services(worker.wsgi).config
    for address in worker.cfg.address:
        bind = f"{address[0]}:{address[1]}" if isinstance(address, tuple) else f"unix:{address}"
        if (fault := config.insecure(bind)) and not config.allow_insecure_network:
            print(f"Doorbell cannot start: {fault} {network.HOW_TO}", file=sys.stderr)
            sys.exit(CANNOT_START)


def worker_exit(_server: Any, worker: Any) -> None:
    """End the streams in order. gunicorn does not count streams without a greenlet and would cut them off."""
    # Absent in the master, and in a worker that could not load the app.
    app = getattr(worker, "wsgi", None)
    if app is not None:
        from webapp.services import services

        services(app).hub.close_all(LAST_STREAMS_SECONDS)
