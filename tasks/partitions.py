"""The tasks that create the next months' partitions of order_events and drop those older than the retention."""

from __future__ import annotations

import os

import psycopg

from webapp.config import Config
from webapp.events import retention
from webapp.observability.metrics import worker

from .app import app
from .schedule import DROP_PARTITIONS, MAKE_PARTITIONS


@app.task(name=MAKE_PARTITIONS, throws=(psycopg.OperationalError,))
def make() -> None:
    made = retention.make_ahead(Config.from_env(os.environ).database_url)
    worker.PARTITIONS_AHEAD.set(made.ahead)
    worker.UNPARTITIONED_EVENTS.set(made.strays)


@app.task(name=DROP_PARTITIONS, throws=(psycopg.OperationalError,))
def drop() -> list[str]:
    """Returns the dropped partitions; the log has those kept, with the reason."""
    config = Config.from_env(os.environ)
    return retention.drop_old(config.database_url, config.retention_days).dropped
