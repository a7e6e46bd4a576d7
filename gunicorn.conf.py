"""How gunicorn serves the app: `gunicorn -c gunicorn.conf.py wsgi:app`.

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

from webapp.observability import logs  # it imports nothing that gevent patches in the workers and that they use

bind = os.environ.get("BIND") or f"127.0.0.1:{os.environ.get('PORT') or 8000}"  # a proxy in front does TLS and HTTP/2
worker_class = "webapp.server.gunicorn_worker.Worker"  # gevent's
workers = int(os.environ.get("WEB_CONCURRENCY") or 1)
worker_connections = (
    10_000  # requests at work a process; streams count only where each holds a greenlet (STREAM_TRANSPORT)
)
keepalive = 5  # seconds; a stop waits for idle connections as long, so the proxy keeps them for less (README: 4 s)
timeout = 60  # seconds without a sign of life from a worker; an open stream is none of a worker's business here
graceful_timeout = int(os.environ.get("GRACEFUL_TIMEOUT") or 30)  # seconds in which streams are sent away on a deploy
preload_app = False

BOOT_ERROR = 3  # gunicorn's word for "starting me again will not help"
LAST_STREAMS_SECONDS = (
    1.0  # in which a worker ends its streams that nobody asked to stop, at `max_requests` for example
)

# X-Forwarded-Proto and the like are believed from these addresses only: name the proxy's when it is not on this machine.
forwarded_allow_ips = os.environ.get("FORWARDED_ALLOW_IPS") or "127.0.0.1,::1"
forwarder_headers = ""  # no proxy sets SCRIPT_NAME or PATH_INFO by a header: a client could, and would get a 500

accesslog = None  # a board asks every second; the proxy keeps the access log
errorlog = "-"
loglevel = os.environ.get("GUNICORN_LOG_LEVEL") or "warning"


LINE_CHARS = 300


class InOurFormat(Logger):
    """gunicorn's own lines go the way of all others. Made in the master, which the workers inherit it from."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        logs.configure(os.environ)
        self.error_log.handlers.clear()
        self.error_log.propagate = True

    def warning(self, msg: Any, *args: Any, **kwargs: Any) -> None:
        """A malformed request is quoted in its line, and may have thousands of characters."""
        text = str(msg)
        super().warning(text if args or len(text) <= LINE_CHARS else f"{text[:LINE_CHARS]}…", *args, **kwargs)


logger_class = InOurFormat
control_socket_disable = True  # a socket file in the working directory that nobody asked for

# Where each worker writes its numbers, so that any one of them can answer for all.
METRICS_DIRECTORY = "PROMETHEUS_MULTIPROC_DIR"


def on_starting(_server: Any) -> None:
    """A new directory, in the master and before a worker is: numbers of an earlier run would count twice."""
    os.environ.pop(METRICS_DIRECTORY, None)  # of the master that a SIGUSR2 replaces
    if os.environ.get("METRICS_TOKEN"):
        os.environ[METRICS_DIRECTORY] = tempfile.mkdtemp(prefix="doorbell-metrics-")


def child_exit(_server: Any, worker: Any) -> None:
    """However it ended: its streams are no more."""
    if METRICS_DIRECTORY in os.environ:
        from prometheus_client.multiprocess import mark_process_dead

        mark_process_dead(worker.pid)


def on_exit(_server: Any) -> None:
    if METRICS_DIRECTORY in os.environ:
        shutil.rmtree(os.environ[METRICS_DIRECTORY], ignore_errors=True)


def post_worker_init(worker: Any) -> None:
    """On SIGTERM gunicorn waits for open responses, and streams never end by themselves: the hub ends them."""
    import gevent

    from webapp.server import open_files

    refuse_an_insecure_network(worker)
    open_files.raise_limit()
    worker.wsgi.extensions["doorbell_static"].prepare()  # before the first page asks for them
    hub = worker.wsgi.extensions["doorbell_hub"]
    stop = signal.getsignal(signal.SIGTERM)

    def end_streams_and_stop(signum: int, frame: Any) -> None:
        gevent.spawn(hub.close_all, min(graceful_timeout, timeout) / 2)
        stop(signum, frame)  # type: ignore[operator,misc]

    signal.signal(signal.SIGTERM, end_streams_and_stop)
    # What is loaded so far stays. Each full garbage collection would scan it for some 70 ms, in which no page is served.
    gc.collect()
    gc.freeze()


def refuse_an_insecure_network(worker: Any) -> None:
    """By the addresses that gunicorn has really bound, whichever option named them."""
    from webapp.config import network

    config = worker.wsgi.extensions["doorbell_config"]
    for address in worker.cfg.address:
        bind = f"{address[0]}:{address[1]}" if isinstance(address, tuple) else f"unix:{address}"
        if (why := config.insecure(bind)) and not config.allow_insecure_network:
            print(f"Doorbell cannot start: {why} {network.HOW_TO}", file=sys.stderr)
            sys.exit(BOOT_ERROR)


def worker_exit(_server: Any, worker: Any) -> None:
    """gunicorn does not know the streams that hold no greenlet, and would end them all with the process: this waits."""
    app = getattr(worker, "wsgi", None)  # not in the master, nor in a worker that could not load the app
    if app is not None:
        app.extensions["doorbell_hub"].close_all(LAST_STREAMS_SECONDS)
