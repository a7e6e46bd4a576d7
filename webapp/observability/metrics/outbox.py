"""Metrics of draining the outbox: in the listener, and in a worker that catches up while no listener leads."""

from __future__ import annotations

from prometheus_client import Counter, Histogram

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)

DRAINS = Counter("doorbell_drains_total", "Drains of the outbox, by reason.", ["reason"])
DRAIN_REASONS = ("ring", "waking", "awake", "grace", "asleep", "start", "catch_up")
EVENTS = Counter("doorbell_events_total", "Events read by drains.")
SIGNALS = Counter("doorbell_signals_total", "Signals published by drains.")
DRAIN_SECONDS = Histogram("doorbell_drain_seconds", "Time to read the outbox, per drain.", buckets=_SECONDS)
PUBLISH_SECONDS = Histogram("doorbell_publish_seconds", "Time to publish all signals of a drain.", buckets=_SECONDS)
LAG_SECONDS = Histogram(
    "doorbell_lag_seconds",
    "Time from recording a signal's newest event to publishing the signal.",
    buckets=(*_SECONDS, 10.0, 30.0, 60.0),
)

# A series must exist at 0 for its first increase to show.
for _reason in DRAIN_REASONS:
    DRAINS.labels(_reason)
