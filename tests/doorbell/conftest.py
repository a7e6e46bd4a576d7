"""A session that may lead."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from webapp.doorbell import connection

from ..support.world import Service


@pytest.fixture
def leader(service: Service) -> Iterator[connection.Connection]:
    with connection.connect(service.database_url) as conn:
        yield conn
