"""The tasks that refresh and rebuild the rollups, with a signal to each changed tenant, and sample the orders to be shipped."""

from __future__ import annotations

import psycopg
import redis

from webapp import redis_client
from webapp.events.topics import ROLLUPS
from webapp.rollups import rebuilds, to_ship
from webapp.rollups import refresh as rollups
from webapp.signals import publisher

from .app import app
from .process_config import process_config
from .schedule import REBUILD_ROLLUPS, REFRESH_ROLLUPS, SAMPLE_TO_SHIP


# `throws`: unreachable PostgreSQL or Redis is expected and logged without a traceback; the next tick tries again.
@app.task(name=REFRESH_ROLLUPS, throws=(psycopg.OperationalError, redis.RedisError))
def refresh() -> int:
    """Returns the number of changed tenants. Signals follow the commit, so that a refetch reads the new rollups."""
    config = process_config()
    changed = rollups.refresh(config.database_url)
    with redis_client.connect(config.redis_url) as client:
        for tenant_id in sorted(changed):
            publisher.publish(client, tenant_id, {ROLLUPS: None})
    return len(changed)


@app.task(name=REBUILD_ROLLUPS, throws=(psycopg.OperationalError, redis.RedisError))
def rebuild() -> int:
    """Returns the number of rebuilt tenants. It may take minutes, on one thread of one worker."""
    config = process_config()
    with redis_client.connect(config.redis_url) as client:
        return rebuilds.run(config.database_url, client)


@app.task(name=SAMPLE_TO_SHIP, throws=(psycopg.OperationalError,))
def sample_to_ship() -> int:
    """Returns the number of new samples."""
    return to_ship.sample(process_config().database_url)
