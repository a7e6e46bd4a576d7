"""Catch-up: Celery drains the outbox while no listener leads. A signal that is a minute late is better than none."""

from __future__ import annotations

import time
from typing import Any

import psycopg
import redis

from ..doorbell import connection, locks
from ..observability.metrics.outbox import DRAINS
from ..outbox import drain
from ..outbox.drain import Drained
from . import heartbeat, standby

# Celery leaves a leader with an intermittent heartbeat alone after this long.
EVICT_SECONDS = 20.0
# An ended session needs a moment to free its locks.
ACQUIRE_TRIES = 10


def drain_without_leader(database_url: str, client: redis.Redis) -> Drained | None:
    """Drain once if no listener leads, or if the leader sends no heartbeat. None when a listener leads, as it should."""
    with connection.connect(database_url, "doorbell catch-up") as conn:
        if not locks.try_lead(conn) and not _evict_leader(conn, client):
            return None
        DRAINS.labels("catch_up").inc()
        beat = heartbeat.Heartbeat(conn, client)
        try:
            with beat.keep_alive():
                return drain.drain(conn, client, drain.open_cursor(conn, client))
        finally:
            beat.close()


def _evict_leader(conn: psycopg.Connection[Any], client: redis.Redis) -> bool:
    """Take the lead from a leader without a heartbeat; False as soon as it sends one."""
    detector, deadline = standby.FailureDetector(client), time.monotonic() + EVICT_SECONDS
    while heartbeat.is_missing(client) and time.monotonic() < deadline:
        if leader := detector.suspect(conn):
            if not standby.evict(conn, leader) and not locks.try_lead(conn):
                detector.could_not_evict(conn)
                return False
            return _acquire_lead(conn)
        time.sleep(standby.TRY_SECONDS)
    return False


def _acquire_lead(conn: psycopg.Connection[Any]) -> bool:
    for _try in range(ACQUIRE_TRIES):
        if locks.try_lead(conn):
            return True
        time.sleep(standby.TRY_SECONDS)
    return False
