"""The Redis client: how each process connects, and the running app's client."""

from __future__ import annotations

from typing import Any, cast

import redis
from flask import Flask, current_app

from .config import redis_url

TIMEOUT_SECONDS = 5.0


def connect(url: str, **options: Any) -> redis.Redis:
    """A client; its commands answer or fail within TIMEOUT_SECONDS. Connects at first use."""
    limits = {"socket_timeout": TIMEOUT_SECONDS, "socket_connect_timeout": TIMEOUT_SECONDS}
    return redis_url.connect(url, **limits, **options)


def init_app(app: Flask, url: str) -> None:
    app.extensions["doorbell_redis"] = connect(url)


def client() -> redis.Redis:
    """The running app's client."""
    return cast(redis.Redis, current_app.extensions["doorbell_redis"])
