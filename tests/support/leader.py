"""The isolation levels that writers choose from, and a session that can lead."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from psycopg import IsolationLevel

from webapp.doorbell import connection

from .world import Service

LEVELS = (IsolationLevel.READ_COMMITTED, IsolationLevel.REPEATABLE_READ, IsolationLevel.SERIALIZABLE)


@pytest.fixture
def leader(service: Service) -> Iterator[connection.Connection]:
    with connection.connect(service.database_url) as conn:
        yield conn
