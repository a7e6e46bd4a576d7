"""The web process's metrics: requests, streams and the hub. Under gunicorn one answer sums all workers.

Each worker writes its metrics to its own files in PROMETHEUS_MULTIPROC_DIR, and any worker reads all of them. Counters of a
dead worker stay counted. Its gauges (streams) do not: gunicorn's master removes that file.

Flask is imported at use: gunicorn's master must not import it before gevent patches the standard library in the workers.
"""

from __future__ import annotations

import os
from bisect import bisect_left
from functools import cache
from time import perf_counter
from typing import TYPE_CHECKING, Any

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics
from prometheus_client.exposition import choose_encoder
from prometheus_client.multiprocess import MultiProcessCollector

from . import accept

if TYPE_CHECKING:
    from flask import Flask, Response

# The endpoint that is counted when it begins and never timed.
ENDLESS = "stream.stream"
# The key in the WSGI environ of a request's start, in seconds of perf_counter.
BEGAN = "doorbell.began"
# The methods of our routes. Clients can send any other word, so all others share one label.
METHODS = ("GET", "HEAD", "POST", "OPTIONS")

# The `_created` series would double the number of series.
disable_created_metrics()

REQUESTS = Counter("doorbell_http_requests_total", "Requests answered.", ["endpoint", "method", "status"])
REQUEST_SECONDS = Histogram(
    "doorbell_http_request_seconds",
    "Time from a request's arrival in the app to its response; streams are not timed.",
    ["endpoint"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0),
)
STREAMS = Gauge(
    "doorbell_streams_open",
    "Open streams, by the number of streams that their tenant has in the process.",
    # A label per tenant would have unlimited values.
    ["tenant_class"],
    multiprocess_mode="livesum",
)
TENANT_CLASSES = ((10, "1-10"), (100, "11-100"), (1000, "101-1000"), (float("inf"), "1001+"))
HUB_SIGNALS = Counter("doorbell_hub_signals_total", "Signals received from Redis, counted per hub.")
DELIVERIES = Counter(
    "doorbell_hub_deliveries_total",
    "Signals delivered to streams, counted per stream; coalesced signals count as one.",
)
FRAMES = Counter(
    "doorbell_stream_frames_total", "Frames written, counted per stream: a greeting, the events of a signal, or a ping."
)
BYTES = Counter("doorbell_stream_bytes_total", "Bytes of the frames written, and of heads that were sent with them.")
WRITE_SECONDS = Counter("doorbell_stream_write_seconds_total", "Seconds spent on delivering signals to streams.")
DELIVERY_LAG = Histogram(
    "doorbell_stream_delivery_lag_seconds",
    "Time from a signal's seq (the publisher's clock) to its delivery to the last stream; includes clock differences.",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0),
)
COALESCED = Counter(
    "doorbell_stream_coalesced_total",
    "Signals merged into another because of a crowd or a slow reader, counted per stream.",
)
SLOW = Gauge("doorbell_streams_slow", "Streams with a reader that is behind.", multiprocess_mode="livesum")
DROP_CAUSES = ("hangup", "stuck", "life", "rights", "session", "full", "stop")
DROPS = Counter("doorbell_stream_drops_total", "Streams that ended or were refused, by cause.", ["cause"])
RESUMES = Counter("doorbell_stream_resumes_total", "Streams by how they began; fresh is the first of a page.", ["kind"])
HUB_DOWN = Gauge(
    "doorbell_hub_down",
    "Web processes that receive no signals, so that their pages poll, by cause.",
    ["cause"],
    multiprocess_mode="livesum",
)
HUB_OUTAGES = Counter("doorbell_hub_outages_total", "Outages, in which a hub's pages poll, by cause.", ["cause"])
HUB_RECOVERIES = Counter(
    "doorbell_hub_recoveries_total", "Ends of outages, by cause; for redis: renewed subscriptions.", ["cause"]
)
DATABASE_FAULTS = Counter(
    "doorbell_database_faults_total",
    "Requests answered 503: PostgreSQL did not answer, the pool had no connection, or a statement took too long.",
    ["cause"],
)
SEARCHES_REFUSED = Counter(
    "doorbell_searches_refused_total",
    "Searches refused by the limit of concurrent searches per user or tenant.",
    ["scope"],
)
REQUESTS_REFUSED = Counter(
    "doorbell_requests_refused_total",
    "Changes and searches refused by the limits per minute of a user or a tenant.",
    ["kind", "scope"],
)
PANEL_REQUESTS = Counter(
    "doorbell_panel_requests_total", "Requests for shared panels, by the source of the response.", ["source"]
)
PANELS_UNCHANGED = Counter(
    "doorbell_panels_unchanged_total",
    "Panels that the page already had: answered 304, or left out of a response with several panels.",
)
PERSONAL_FRAGMENTS = Counter(
    "doorbell_personal_fragments_total", "Fragments of personal panels that were rendered for one user."
)
PANEL_BYTES = Gauge("doorbell_panel_bytes", "Bytes of panels cached in memory.", multiprocess_mode="livesum")
SIGN_IN_OUTCOMES = ("success", "failure", "refused", "busy")
SIGN_INS = Counter(
    "doorbell_sign_ins_total",
    "Sign-in attempts. The password was not checked if refused (by a limit) or busy (the hashing queue was full).",
    ["outcome"],
)
SIGN_OUTS = Counter("doorbell_sign_outs_total", "Sessions signed out by their users.")
MAILS = Counter("doorbell_mails_total", "Mails that were sent, or given up after further attempts.", ["outcome"])
PANEL_HITS, PANEL_WAITS, PANEL_MISSES = (
    PANEL_REQUESTS.labels("memory"),
    PANEL_REQUESTS.labels("wait"),
    PANEL_REQUESTS.labels("query"),
)

_CLASS_LIMITS = [limit for limit, _name in TENANT_CLASSES]
_CLASS_GAUGES = [STREAMS.labels(name) for _limit, name in TENANT_CLASSES]
for _cause in DROP_CAUSES:
    DROPS.labels(_cause)
for _cause in ("away", "pool", "timeout"):
    DATABASE_FAULTS.labels(_cause)
for _scope in ("user", "tenant"):
    SEARCHES_REFUSED.labels(_scope)
RESUMES_BY_KIND = {kind: RESUMES.labels(kind) for kind in ("fresh", "memory", "log", "resync")}
for _outcome in SIGN_IN_OUTCOMES:
    SIGN_INS.labels(_outcome)
for _outcome in ("sent", "failure"):
    MAILS.labels(_outcome)
for _cause in ("redis", "listener"):
    HUB_DOWN.labels(_cause)
    HUB_OUTAGES.labels(_cause)
    HUB_RECOVERIES.labels(_cause)


def init_app(app: Flask) -> None:
    """Count and time each request. Call this before other hooks are registered, so that their time is included."""
    from flask import request

    def begin() -> None:
        request.environ[BEGAN] = perf_counter()

    def count_response(response: Response) -> Response:
        # Each access through the proxy costs 1 µs.
        current = request._get_current_object()  # type: ignore[attr-defined]
        endpoint = current.endpoint or "none"
        method = current.method if current.method in METHODS else "other"
        count(endpoint, method, response.status_code, current.environ.get(BEGAN))
        return response

    app.before_request(begin)
    app.after_request(count_response)


def set_tenant_streams(streams: int, before: int) -> None:
    """Set the number of a tenant's streams in this process. A change of class moves all of them to the other class."""
    old, new = _class_of(before), _class_of(streams)
    if old is new:
        new.inc(streams - before)
    else:
        new.inc(streams)
        old.dec(before)


def _class_of(streams: int) -> Gauge:
    return _CLASS_GAUGES[bisect_left(_CLASS_LIMITS, streams)]


def hub_outage_started(cause: str) -> None:
    HUB_DOWN.labels(cause).set(1)
    HUB_OUTAGES.labels(cause).inc()


def hub_outage_ended(cause: str) -> None:
    HUB_DOWN.labels(cause).set(0)
    HUB_RECOVERIES.labels(cause).inc()


def exposition(accepted: str) -> tuple[bytes, str]:
    """All metrics in the format that the Accept header `accepted` prefers, and their content type."""
    encode, content_type = choose_encoder(accept.readable(accepted))
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return encode(REGISTRY), content_type
    registry = CollectorRegistry()
    MultiProcessCollector(registry)
    return encode(registry), content_type


def count(endpoint: str, method: str, status: int, began: float | None) -> None:
    """Count one answered request; `began` is in seconds of perf_counter."""
    counter, seconds = _children(endpoint, method, status // 100)
    counter.inc()
    if endpoint != ENDLESS and began is not None:
        seconds.observe(perf_counter() - began)


@cache
def _children(endpoint: str, method: str, status_class: int) -> tuple[Any, Any]:
    """The counter and the histogram of a route, cached: finding them costs more than counting."""
    return REQUESTS.labels(endpoint, method, f"{status_class}xx"), REQUEST_SECONDS.labels(endpoint)
