"""The listener's two connections, to PostgreSQL and to Redis, and the signals that were published."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
import redis

from webapp import redis_client
from webapp.doorbell import connection
from webapp.signals import publisher, signal_log
from webapp.signals.signal import Signal

from .world import Service


@pytest.fixture
def client(service: Service) -> Iterator[redis.Redis]:
    with redis_client.connect(service.redis_url) as client:
        yield client


@pytest.fixture
def reader(service: Service) -> Iterator[psycopg.Connection]:
    with connection.connect(service.database_url) as conn:
        yield conn


def published(client: redis.Redis, tenant_id: int) -> list[Signal]:
    return signal_log.read_since(client, tenant_id, 0) or _all(client, tenant_id)


def _all(client: redis.Redis, tenant_id: int) -> list[Signal]:
    entries = client.xrange(publisher.log_key(tenant_id))
    return [Signal.parse(fields[b"signal"], int(key.split(b"-")[0])) for key, fields in entries]
