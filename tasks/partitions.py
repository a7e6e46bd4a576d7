"""The tasks that create the next months' partitions of order_events and drop those older than the retention."""

from __future__ import annotations

import psycopg

from webapp.events import retention
from webapp.observability.metrics import worker

from .app import app
from .process_config import process_config
from .schedule import DROP_PARTITIONS, MAKE_PARTITIONS


@app.task(name=MAKE_PARTITIONS, throws=(psycopg.OperationalError,))
def make() -> None:
    made = retention.make_ahead(process_config().database_url)
    worker.PARTITIONS_AHEAD.set(made.ahead)
    worker.UNPARTITIONED_EVENTS.set(made.strays)


@app.task(name=DROP_PARTITIONS, throws=(psycopg.OperationalError,))
def drop() -> list[str]:
    """Returns the dropped partitions; the log has those kept, with the reason."""
    config = process_config()
    return retention.drop_old(config.database_url, config.retention_days).dropped
