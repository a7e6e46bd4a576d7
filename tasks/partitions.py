"""Makes the next months' partitions of order_events."""

from __future__ import annotations

import os

import psycopg

from webapp import partitions
from webapp.config import Config
from webapp.metrics import worker

from .app import app
from .schedule import MAKE_PARTITIONS


@app.task(name=MAKE_PARTITIONS, throws=(psycopg.OperationalError,))
def make() -> None:
    made = partitions.make_ahead(Config.from_env(os.environ).database_url)
    worker.PARTITIONS_AHEAD.set(made.ahead)
    worker.STRAY_EVENTS.set(made.strays)
