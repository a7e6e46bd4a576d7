"""The web process's numbers: requests, streams and the hub. Under gunicorn all its workers' numbers are one answer.

A worker writes its numbers to files of its own in PROMETHEUS_MULTIPROC_DIR, and any of them reads all. What a dead worker
has counted stays counted; what it held (streams) is gone with it: gunicorn's master removes that file.
"""

from __future__ import annotations

import os
from functools import cache
from time import perf_counter
from typing import Any

from flask import Flask, Response, request
from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics
from prometheus_client.exposition import choose_encoder
from prometheus_client.multiprocess import MultiProcessCollector

from . import accept

ENDLESS = "stream.stream"  # counted when it begins; how long a page stays open is no measure of ours
BEGAN = "doorbell.began"  # in the request's environment: seconds of perf_counter
METHODS = ("GET", "HEAD", "POST", "OPTIONS")  # all that our routes take; a client may make up any other

disable_created_metrics()  # a second series for each, which nobody asks for

REQUESTS = Counter("doorbell_http_requests_total", "Requests answered.", ["endpoint", "method", "status"])
REQUEST_SECONDS = Histogram(
    "doorbell_http_request_seconds",
    "From a request's arrival in the app to its answer; streams are not timed.",
    ["endpoint"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0),
)
STREAMS = Gauge(
    "doorbell_streams_open",
    "Streams that are open now, by how many their tenant has in their process.",
    ["tenant_class"],  # a label a tenant would be series without end
    multiprocess_mode="livesum",
)
TENANT_CLASSES = ((10, "1-10"), (100, "11-100"), (1000, "101-1000"), (float("inf"), "1001+"))
HUB_SIGNALS = Counter("doorbell_hub_signals_total", "Signals that hubs have received from Redis, each hub its own.")
DELIVERIES = Counter(
    "doorbell_hub_deliveries_total",
    "Signals given to streams, folded ones as one: one for each stream that they concern.",
)
FRAMES = Counter(
    "doorbell_stream_frames_total", "Frames written: a greeting, a signal's events or a beat, each stream."
)
BYTES = Counter("doorbell_stream_bytes_total", "Bytes of those frames.")
WRITE_SECONDS = Counter("doorbell_stream_write_seconds_total", "Seconds spent on handing signals to streams.")
WRITTEN_LAG = Histogram(
    "doorbell_stream_written_lag_seconds",
    "From a signal's seq, the publisher's clock, to its last stream of a process; as right as the clocks agree.",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0),
)
FOLDED = Counter(
    "doorbell_stream_folded_total",
    "Signals that did not go out by themselves: folded for a crowd or a slow reader, one for each stream.",
)
SLOW = Gauge("doorbell_streams_slow", "Streams whose reader is behind now.", multiprocess_mode="livesum")
DROP_CAUSES = ("hangup", "stuck", "life", "rights", "session", "full", "stop")
DROPS = Counter("doorbell_stream_drops_total", "Streams that ended or were not let in, by cause.", ["cause"])
RESUMES = Counter("doorbell_stream_resumes_total", "How streams began; fresh is a page's first.", ["kind"])
HUB_AWAY = Gauge("doorbell_hub_away", "Web processes whose pages poll now.", ["cause"], multiprocess_mode="livesum")
HUB_LOSSES = Counter("doorbell_hub_losses_total", "Times that a hub told its pages to poll.", ["cause"])
HUB_FINDS = Counter("doorbell_hub_finds_total", "Times that it was back; of redis: subscriptions made anew.", ["cause"])
DATABASE_FAULTS = Counter(
    "doorbell_database_faults_total",
    "Requests answered 503 because PostgreSQL was away, the pool had no connection, or a statement took too long.",
    ["cause"],
)
SEARCHES_REFUSED = Counter(
    "doorbell_searches_refused_total", "Searches beyond what a user or a tenant may have at once.", ["whose"]
)
PANEL_REQUESTS = Counter(
    "doorbell_panel_requests_total", "Requests for shared panels, by how they were answered.", ["how"]
)
PANELS_UNCHANGED = Counter(
    "doorbell_panels_unchanged_total",
    "Panels that the page had already: answered 304, or left out of an answer for several.",
)
PANEL_BYTES = Gauge("doorbell_panel_bytes", "Bytes of panels kept in memory.", multiprocess_mode="livesum")
SIGN_IN_OUTCOMES = ("success", "failure", "refused", "busy")
SIGN_INS = Counter(
    "doorbell_sign_ins_total",
    "Tries to sign in; refused by a limit and busy (the queue for hashing was full) were not checked.",
    ["outcome"],
)
SIGN_OUTS = Counter("doorbell_sign_outs_total", "Sessions that their users signed out.")
PANEL_HITS, PANEL_WAITS, PANEL_MISSES = (
    PANEL_REQUESTS.labels("memory"),
    PANEL_REQUESTS.labels("wait"),
    PANEL_REQUESTS.labels("query"),
)

for _most, _class in TENANT_CLASSES:
    STREAMS.labels(_class)
for _cause in DROP_CAUSES:
    DROPS.labels(_cause)
for _cause in ("away", "pool", "timeout"):
    DATABASE_FAULTS.labels(_cause)
for _whose in ("user", "tenant"):
    SEARCHES_REFUSED.labels(_whose)
for _kind in ("fresh", "memory", "log", "resync"):
    RESUMES.labels(_kind)
for _outcome in SIGN_IN_OUTCOMES:
    SIGN_INS.labels(_outcome)
for _cause in ("redis", "listener"):
    HUB_AWAY.labels(_cause)
    HUB_LOSSES.labels(_cause)
    HUB_FINDS.labels(_cause)


def init_app(app: Flask) -> None:
    """Before all other hooks, so that the time of those counts as well."""
    app.before_request(_begin)
    app.after_request(_count)


def tenant_has(streams: int, before: int) -> None:
    """Streams of one tenant in this process. They are all of one class, so one more may bring them all into the next."""
    old, new = _class_of(before), _class_of(streams)
    if old == new:
        STREAMS.labels(new).inc(streams - before)
    else:
        STREAMS.labels(new).inc(streams)
        STREAMS.labels(old).dec(before)


def _class_of(streams: int) -> str:
    return next(name for most, name in TENANT_CLASSES if streams <= most)


def outage_started(cause: str) -> None:
    HUB_AWAY.labels(cause).set(1)
    HUB_LOSSES.labels(cause).inc()


def outage_ended(cause: str) -> None:
    HUB_AWAY.labels(cause).set(0)
    HUB_FINDS.labels(cause).inc()


def exposition(accepted: str) -> tuple[bytes, str]:
    """The metrics in the format that the Accept header `accepted` prefers, and its content type."""
    encode, content_type = choose_encoder(accept.readable(accepted))
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return encode(REGISTRY), content_type
    registry = CollectorRegistry()
    MultiProcessCollector(registry)
    return encode(registry), content_type


def _begin() -> None:
    request.environ[BEGAN] = perf_counter()


def _count(response: Response) -> Response:
    asked = request._get_current_object()  # type: ignore[attr-defined]  # each look through the proxy costs 1 µs
    endpoint = asked.endpoint or "none"
    method = asked.method if asked.method in METHODS else "other"
    count(endpoint, method, response.status_code, asked.environ.get(BEGAN))
    return response


def count(endpoint: str, method: str, status: int, began: float | None) -> None:
    """One request that was answered; `began` in seconds of perf_counter."""
    counter, seconds = _children(endpoint, method, status // 100)
    counter.inc()
    if endpoint != ENDLESS and began is not None:
        seconds.observe(perf_counter() - began)


@cache
def _children(endpoint: str, method: str, status_class: int) -> tuple[Any, Any]:
    """Looked up once for each of the few there are: finding a child costs more than counting."""
    return REQUESTS.labels(endpoint, method, f"{status_class}xx"), REQUEST_SECONDS.labels(endpoint)
