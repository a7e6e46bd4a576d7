"""The isolation levels that writers choose from, and a session that can lead."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from psycopg import IsolationLevel

from webapp import doorbell

from .world import Service

LEVELS = (IsolationLevel.READ_COMMITTED, IsolationLevel.REPEATABLE_READ, IsolationLevel.SERIALIZABLE)


@pytest.fixture
def leader(service: Service) -> Iterator[doorbell.Connection]:
    with doorbell.connect(service.database_url) as conn:
        yield conn
