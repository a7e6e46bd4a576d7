"""The task that drains the outbox while no listener leads, and the sending of all tasks once when a worker starts."""

from __future__ import annotations

from typing import Any

import psycopg
import redis
from celery.signals import worker_ready

from webapp import redis_client
from webapp.listener.catch_up import drain_without_leader

from .app import app
from .process_config import process_config
from .schedule import CATCH_UP, EVERY, queue_of


@app.task(name=CATCH_UP, throws=(psycopg.OperationalError, redis.RedisError))
def catch_up() -> int | None:
    """Returns the number of drained events; None while a listener leads, which is normal."""
    config = process_config()
    with redis_client.connect(config.redis_url) as client:
        drained = drain_without_leader(config.database_url, client)
    return drained.events if drained else None


@worker_ready.connect
def send_all_once(sender: Any, **_: Any) -> None:
    for name, seconds in EVERY.items():
        sender.app.send_task(name, expires=seconds, queue=queue_of(name))
