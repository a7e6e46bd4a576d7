"""The task that sends pushes to browsers. The listener wakes it after a commit (webapp/relay/wake.py); so does the timer."""

from __future__ import annotations

from functools import cache

import psycopg
import redis

from webapp import redis_client
from webapp.push.queue import PUSH_RUN, clear_wake, publish
from webapp.push.sender import PushSender

from .app import app
from .process_config import process_config


@cache
def _sender() -> PushSender:
    return PushSender(process_config())


@cache
def _redis() -> redis.Redis:
    return redis_client.connect(process_config().redis_url)


@app.task(name=PUSH_RUN, throws=(psycopg.OperationalError, redis.RedisError))
def run() -> int:
    """Returns the number of pushes that were sent."""
    clear_wake(_redis())
    if process_config().vapid is None:
        return 0
    sent = _sender().run()
    publish(_redis(), _sender().has_subscriptions)
    return sent
