"""Counts the rollups anew and tells the boards."""

from __future__ import annotations

import os

import psycopg
import redis

from webapp import redis_client
from webapp.config import Config
from webapp.events.topics import ROLLUPS
from webapp.rollups import refresh as rollups
from webapp.signals import publisher

from .app import app
from .schedule import REFRESH_ROLLUPS


# throws: PostgreSQL or Redis away is expected, the next tick tries again; it is no traceback in the log.
@app.task(name=REFRESH_ROLLUPS, throws=(psycopg.OperationalError, redis.RedisError))
def refresh() -> int:
    """Returns how many tenants' figures changed. The signal goes out after the commit, so that a refetch sees them."""
    config = Config.from_env(os.environ)
    changed = rollups.refresh(config.database_url)
    with redis_client.connect(config.redis_url) as client:
        for tenant_id in sorted(changed):
            publisher.publish(client, tenant_id, {ROLLUPS: None})
    return len(changed)
