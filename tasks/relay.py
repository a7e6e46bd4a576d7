"""The relay's tasks: run one destination, send a run for each destination that may have something to do, delete what is old.

The listener sends a run after a drain that found events (webapp/relay/wake.py); so do the tick, and a run that is not done.
"""

from __future__ import annotations

import gc
from functools import cache

import psycopg
import redis
from celery.signals import worker_shutdown, worker_shutting_down

from webapp import redis_client
from webapp.relay import active, retention, survey
from webapp.relay.queue import EXPIRES_SECONDS, RELAY_QUEUE, RELAY_RUN
from webapp.relay.worker import RelayWorker

from .app import app
from .process_config import process_config
from .schedule import RELAY_CLEAN, RELAY_TICK


@cache
def _worker() -> RelayWorker:
    # Each page makes thousands of objects. Their collections would pass over every imported object.
    gc.freeze()
    return RelayWorker(process_config())


@cache
def _redis() -> redis.Redis:
    return redis_client.connect(process_config().redis_url)


@app.task(name=RELAY_RUN, throws=(psycopg.OperationalError, redis.RedisError))
def run(destination_id: int) -> None:
    active.clear_wake(_redis(), destination_id)
    if _worker().run(destination_id):
        send_run(destination_id)


@app.task(name=RELAY_TICK, throws=(psycopg.OperationalError, redis.RedisError))
def tick() -> int:
    """Returns the number of destinations for which a run was sent."""
    ids = survey.survey(process_config().database_url, _redis())
    _worker().close_idle()
    for destination_id in ids:
        send_run(destination_id)
    return len(ids)


@app.task(name=RELAY_CLEAN, throws=(psycopg.OperationalError,))
def clean() -> int:
    """Returns the number of deleted rows."""
    return retention.delete_old(process_config().database_url)


def send_run(destination_id: int) -> None:
    app.send_task(RELAY_RUN, args=[destination_id], queue=RELAY_QUEUE, expires=EXPIRES_SECONDS)


@worker_shutting_down.connect
def stop(**_: object) -> None:
    if _worker.cache_info().currsize:
        _worker().stop()


@worker_shutdown.connect
def close(**_: object) -> None:
    if _worker.cache_info().currsize:
        _worker().close()
