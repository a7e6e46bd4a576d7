"""The tasks of uploaded files: run the jobs that wait, delete old uploads.

A job may take minutes. It occupies one thread of the worker at most, and the others are free for the ticks.
"""

from __future__ import annotations

from functools import cache

import psycopg
import redis
from celery.signals import worker_shutting_down

from webapp import redis_client
from webapp.uploads import retention
from webapp.uploads.worker import ImportWorker

from .app import app
from .process_config import process_config
from .schedule import IMPORT_CLEAN, IMPORT_RUN


@cache
def _worker() -> ImportWorker:
    config = process_config()
    return ImportWorker(config.database_url, redis_client.connect(config.redis_url))


@app.task(name=IMPORT_RUN, throws=(psycopg.OperationalError, redis.RedisError))
def run() -> int:
    """Returns the number of jobs that were run."""
    return _worker().run()


@app.task(name=IMPORT_CLEAN, throws=(psycopg.OperationalError,))
def clean() -> int:
    """Returns the number of deleted uploads."""
    config = process_config()
    return retention.delete_old(config.database_url, config.import_keep_days)


@worker_shutting_down.connect
def stop(**_: object) -> None:
    if _worker.cache_info().currsize:
        _worker().stop()
