"""The tasks of privacy: erasures and deletions of tenants that are due, and the retention of orders."""

from __future__ import annotations

from functools import cache

import psycopg
import redis
from celery.signals import worker_shutting_down

from webapp import redis_client
from webapp.privacy import retention
from webapp.privacy.worker import PrivacyWorker

from .app import app
from .process_config import process_config
from .schedule import PRIVACY_RUN, REMOVE_ORDERS


@cache
def _worker() -> PrivacyWorker:
    config = process_config()
    return PrivacyWorker(config.database_url, redis_client.connect(config.redis_url))


@app.task(name=PRIVACY_RUN, throws=(psycopg.OperationalError, redis.RedisError))
def run() -> int:
    """Returns the number of jobs that were run."""
    return _worker().run()


@app.task(name=REMOVE_ORDERS, throws=(psycopg.OperationalError,))
def remove_orders() -> int:
    """Returns the number of removed orders. The cutoff is a midnight, so only the first run of a day removes any."""
    return retention.remove_old(process_config().database_url)


@worker_shutting_down.connect
def stop(**_: object) -> None:
    if _worker.cache_info().currsize:
        _worker().stop()
