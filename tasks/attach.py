"""The task that continues interrupted backfills of attached tables, and checks those that are due."""

from __future__ import annotations

import psycopg

from webapp.attach import work
from webapp.observability.metrics import worker

from .app import app
from .process_config import process_config
from .schedule import ATTACH


@app.task(name=ATTACH, throws=(psycopg.OperationalError,))
def run() -> int:
    """Returns the number of attached tables."""
    state = work.run(process_config().database_url)
    worker.ATTACHED_TABLES.set(state.tables)
    worker.ATTACH_DRIFT.set(state.drift)
    worker.ATTACH_FAULTS.set(state.faults)
    worker.ATTACH_PROBLEMS.set(state.problems)
    return state.tables
