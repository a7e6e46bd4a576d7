"""The Redis client: how each process connects."""

from __future__ import annotations

from typing import Any

import redis

from .config import redis_url

TIMEOUT_SECONDS = 5.0


def connect(url: str, **options: Any) -> redis.Redis:
    """A client; its commands answer or fail within TIMEOUT_SECONDS. Connects at first use."""
    limits = {"socket_timeout": TIMEOUT_SECONDS, "socket_connect_timeout": TIMEOUT_SECONDS}
    return redis_url.connect(url, **limits, **options)
