"""The listener's metrics, including those that it shares with the worker."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

from ...config import Config
from . import server
from .age import Age
from .outbox import DRAIN_REASONS, DRAIN_SECONDS, DRAINS, EVENTS, LAG_SECONDS, PUBLISH_SECONDS, SIGNALS

__all__ = [
    "CAUSES",
    "CURSOR_AGE",
    "DRAINS",
    "DRAIN_REASONS",
    "DRAIN_SECONDS",
    "EVENTS",
    "EVICTIONS",
    "FAULTS",
    "LAG_SECONDS",
    "LEADER",
    "MISSED_RINGS",
    "PUBLISH_SECONDS",
    "QUEUE_USAGE",
    "QUIET_SECONDS",
    "RECONNECTS",
    "RINGS_RECEIVED",
    "SELF_RING_SECONDS",
    "SIGNALS",
    "serve_if_asked",
]

RINGS_RECEIVED = Counter("doorbell_rings_received_total", "Rings that PostgreSQL delivered.")
MISSED_RINGS = Counter("doorbell_missed_rings_total", "Safety drains that found events without a ring.")
QUIET_SECONDS = Counter("doorbell_quiet_seconds_total", "Seconds in quiet mode; the rate is the share of time.")
CURSOR_AGE = Age("doorbell_cursor_age_seconds", "Seconds since this process last completed a drain.")
LEADER = Gauge("doorbell_leader", "1 while this listener leads, 0 while it is a standby.")
SELF_RING_SECONDS = Histogram(
    "doorbell_self_ring_seconds",
    "Time from NOTIFY to delivery of the listener's self-ring (a loopback test).",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0),
)
QUEUE_USAGE = Gauge("doorbell_notification_queue_usage_ratio", "Used share of PostgreSQL's notification queue, 0 to 1.")
CAUSES = ("postgresql", "redis", "self_ring", "deadline", "restored", "fault")
RECONNECTS = Counter("doorbell_reconnects_total", "Reconnects, by cause.", ["cause"])
EVICTIONS = Counter(
    "doorbell_evictions_total", "Leaders without a heartbeat that this listener evicted by ending their session."
)
FAULTS = Counter("doorbell_faults_total", "Failed attempts, by cause; one incident has many.", ["cause"])

for _cause in CAUSES:
    RECONNECTS.labels(_cause)
    FAULTS.labels(_cause)


def serve_if_asked(config: Config) -> int | None:
    """Serve on LISTENER_METRICS_PORT. Raises ConfigError when the port cannot be bound."""
    return server.serve_if_asked("LISTENER_METRICS_PORT", config.listener_metrics_port, config)
