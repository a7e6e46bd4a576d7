"""The Celery worker's numbers: its tasks, and what they look after."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

from ...config import Config
from . import server
from .age import Age

DONE, AWAY, FAILED, EXPIRED = "done", "away", "failed", "expired"

TASK_RUNS = Counter(
    "doorbell_task_runs_total",
    "Tasks by outcome: done; away (PostgreSQL or Redis did not answer); failed (a fault of ours); expired unrun.",
    ["task", "outcome"],
)
TASK_SECONDS = Histogram(
    "doorbell_task_seconds", "One run of a task.", ["task"], buckets=(0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 15.0, 30.0, 60.0)
)
ROLLUP_AGE = Age("doorbell_rollup_age_seconds", "Seconds since this worker last refreshed the rollups.")
PARTITIONS_AHEAD = Gauge("doorbell_partitions_ahead", "Coming months whose partition of order_events is there.")
STRAY_EVENTS = Gauge("doorbell_stray_events", "Events in order_events_default, counted up to 1,000.")


def serve_if_asked(config: Config) -> int | None:
    """Serve on WORKER_METRICS_PORT. Raises ConfigError when that port cannot be had."""
    return server.serve_if_asked("WORKER_METRICS_PORT", config.worker_metrics_port, config)
