"""What draining the outbox comes to: in the listener, and in a worker that catches up while no listener leads."""

from __future__ import annotations

from prometheus_client import Counter, Histogram

_QUICK = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)  # seconds

DRAINS = Counter("doorbell_drains_total", "Drains of the outbox, by what they were made for.", ["why"])
WHYS = ("ring", "waking", "awake", "grace", "asleep", "start", "catch_up")
EVENTS = Counter("doorbell_events_total", "Events that drains have read.")
SIGNALS = Counter("doorbell_signals_total", "Signals that drains have published.")
DRAIN_SECONDS = Histogram("doorbell_drain_seconds", "Reading the outbox, one drain.", buckets=_QUICK)
PUBLISH_SECONDS = Histogram("doorbell_publish_seconds", "Publishing all signals of one drain.", buckets=_QUICK)
LAG_SECONDS = Histogram(
    "doorbell_lag_seconds",
    "From the newest event's recording in a signal to the signal's publishing.",
    buckets=(*_QUICK, 10.0, 30.0, 60.0),
)

for _why in WHYS:
    DRAINS.labels(_why)  # a series that begins at 0 shows its first increase
