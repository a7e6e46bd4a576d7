"""The listener's numbers. All that it counts is here, what it shares with the worker included."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

from ...config import Config
from . import server
from .age import Age
from .outbox import DRAIN_SECONDS, DRAINS, EVENTS, LAG_SECONDS, PUBLISH_SECONDS, SIGNALS, WHYS

__all__ = [
    "CAUSES",
    "CURSOR_AGE",
    "DRAINS",
    "DRAIN_SECONDS",
    "EVENTS",
    "EVICTIONS",
    "FAULTS",
    "LAG_SECONDS",
    "LEADER",
    "LOST_BELLS",
    "PUBLISH_SECONDS",
    "QUEUE_USAGE",
    "QUIET_SECONDS",
    "RECONNECTS",
    "RINGS_HEARD",
    "SELF_RING_SECONDS",
    "SIGNALS",
    "WHYS",
    "serve_if_asked",
]

RINGS_HEARD = Counter("doorbell_rings_heard_total", "Rings that PostgreSQL has delivered.")
LOST_BELLS = Counter("doorbell_lost_bells_total", "Safety drains that found events which nobody had rung for.")
QUIET_SECONDS = Counter("doorbell_quiet_seconds_total", "Seconds in quiet mode; its rate is the share of the time.")
CURSOR_AGE = Age("doorbell_cursor_age_seconds", "Seconds since this process last completed a drain.")
LEADER = Gauge("doorbell_leader", "1 while this listener leads, 0 while it stands by.")
SELF_RING_SECONDS = Histogram(
    "doorbell_self_ring_seconds",
    "The listener's own ring, from NOTIFY to its delivery.",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0),
)
QUEUE_USAGE = Gauge("doorbell_notification_queue_usage_ratio", "How full PostgreSQL's notification queue is, 0 to 1.")
CAUSES = ("postgresql", "redis", "self_ring", "deadline", "restored", "fault")
RECONNECTS = Counter("doorbell_reconnects_total", "Connections made anew, by cause.", ["cause"])
EVICTIONS = Counter("doorbell_evictions_total", "Leaders without a sign of life whose session this listener ended.")
FAULTS = Counter("doorbell_faults_total", "Tries that failed; an incident has many.", ["cause"])

for _cause in CAUSES:
    RECONNECTS.labels(_cause)
    FAULTS.labels(_cause)


def serve_if_asked(config: Config) -> int | None:
    """Serve on LISTENER_METRICS_PORT. Raises ConfigError when that port cannot be had."""
    return server.serve_if_asked("LISTENER_METRICS_PORT", config.listener_metrics_port, config)
