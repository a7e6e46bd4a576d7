"""Old months of order_events for the tests of retention."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import psycopg

from webapp import redis_client
from webapp.events import retention
from webapp.events.retention import Retained
from webapp.listener.catch_up import drain_without_leader

from .world import Service, World

KEEP = 400
INSERT = (
    "INSERT INTO order_events (recorded_at, tenant_id, order_id, type, via, occurred_at)"
    " VALUES (%(at)s, %(tenant)s, 1, 'shipped', 'test', %(at)s)"
)


class Archive:
    """Old months of order_events, their events, and the readers."""

    def __init__(self, service: Service, world: World) -> None:
        self.service, self.conn = service, world.conn
        self.tenant = world.tenant()

    def month(self, name: str) -> str:
        """Make the partition of a month, such as `2024_01`; returns its name."""
        first = datetime.strptime(name + " +0000", "%Y_%m %z")
        following = (first + timedelta(days=31)).replace(day=1)
        self.conn.execute(
            f"CREATE TABLE order_events_{name} PARTITION OF order_events FOR VALUES FROM ('{first}') TO ('{following}')"
        )
        return f"order_events_{name}"

    def event(self, at: str, conn: psycopg.Connection | None = None) -> None:
        (conn or self.conn).execute(INSERT, {"at": f"{at} 12:00+00", "tenant": self.tenant})

    def read(self) -> None:
        """Let the listener read all committed events."""
        with redis_client.connect(self.service.redis_url) as client:
            drain_without_leader(self.service.database_url, client)

    def drop(self, keep_days: int = KEEP) -> Retained:
        return retention.drop_old(self.service.database_url, keep_days)

    @contextmanager
    def writer(self) -> Iterator[psycopg.Connection]:
        """Another session, in a transaction that ends with its commit or with the block."""
        with psycopg.connect(self.service.database_url) as conn:
            yield conn
            conn.rollback()

    def count(self, table: str = "order_events") -> int:
        row = self.conn.execute(f"SELECT count(*) FROM {table}").fetchone()
        assert row is not None
        return row[0]
