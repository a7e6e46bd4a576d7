"""The Celery worker's metrics: its tasks, the rollups and the partitions."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

from ...config import Config
from . import server
from .age import Age

DONE, AWAY, FAILED, EXPIRED = "done", "away", "failed", "expired"

TASK_RUNS = Counter(
    "doorbell_task_runs_total",
    "Tasks by outcome: done; away (PostgreSQL or Redis did not answer); failed (a bug); expired before it ran.",
    ["task", "outcome"],
)
TASK_SECONDS = Histogram(
    "doorbell_task_seconds",
    "Time per run of a task.",
    ["task"],
    buckets=(0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 15.0, 30.0, 60.0),
)
ROLLUP_AGE = Age("doorbell_rollup_age_seconds", "Seconds since this worker last refreshed the rollups.")
PARTITIONS_AHEAD = Gauge("doorbell_partitions_ahead", "Coming months that have a partition of order_events.")
UNPARTITIONED_EVENTS = Gauge(
    "doorbell_unpartitioned_events",
    "Events in order_events_default instead of a month's partition, counted up to 1,000.",
)
ATTACHED_TABLES = Gauge("doorbell_attached_tables", "Attached tables.")
ATTACH_DRIFT = Gauge("doorbell_attach_drift_orders", "Orders that the last checks of attached tables had to repair.")
ATTACH_FAULTS = Gauge("doorbell_attach_faults", "Attached tables that could not be checked.")
ATTACH_PROBLEMS = Gauge("doorbell_attach_problems", "Rows of attached tables that cannot become orders.")
IMPORT_JOBS = Counter(
    "doorbell_import_jobs_total",
    "Jobs of uploaded files by outcome: checked; imported; refused (the file); cancelled; failed; interrupted (tried again).",
    ["outcome"],
)
IMPORT_WAIT = Gauge(
    "doorbell_import_wait_seconds", "Time for which the oldest job of an uploaded file has waited; 0 without any."
)

for _outcome in ("checked", "imported", "refused", "cancelled", "failed", "interrupted"):
    IMPORT_JOBS.labels(_outcome)


def serve_if_asked(config: Config, *, is_relay: bool = False) -> int | None:
    """Serve on WORKER_METRICS_PORT, the relay's worker on RELAY_METRICS_PORT. Raises ConfigError if it cannot be bound."""
    if is_relay:
        return server.serve_if_asked("RELAY_METRICS_PORT", config.relay_metrics_port, config)
    return server.serve_if_asked("WORKER_METRICS_PORT", config.worker_metrics_port, config)
