"""Connections that read the outbox, and a saved reader."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from webapp.doorbell import connection

from ..support.diffs import RELAY
from ..support.world import Service, World


@pytest.fixture
def reader(service: Service) -> Iterator[connection.Connection]:
    with connection.connect(service.database_url) as conn:
        yield conn


@pytest.fixture
def tenant(world: World, conn: psycopg.Connection) -> int:
    """A tenant, and a saved cursor at the present."""
    RELAY.save(conn, RELAY.present(conn))
    return world.tenant()


@pytest.fixture
def other(service: Service) -> Iterator[psycopg.Connection]:
    """Another session."""
    with psycopg.connect(service.database_url, autocommit=True) as conn:
        yield conn
