"""Fixtures for a file whose tests share one database, web process and listener; each test has a tenant of its own.

For tests of pages that stop no process and touch only their tenant. Each test saves two seconds of CPU. A file takes them by:

    service, world, doorbell = shared_doorbell.service, shared_doorbell.world, shared_doorbell.doorbell
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from webapp.launcher.embedded import Embedded

from ..conftest import new_service
from ..support.processes import Doorbell
from ..support.world import Service, World


class SharedWorld(World):
    """Each tenant has a slug that no other test has."""

    def tenant(self, slug: str = "acme", **columns: Any) -> int:
        return super().tenant(f"{slug}-{secrets.token_hex(4)}", **columns)


@pytest.fixture(scope="module")
def service(embedded: Embedded, template: str) -> Iterator[Service]:
    with new_service(embedded, template) as service:
        yield service


@pytest.fixture(scope="module")
def doorbell(service: Service) -> Iterator[Doorbell]:
    doorbell = Doorbell(service)
    doorbell.start()
    yield doorbell
    doorbell.close()


@pytest.fixture
def world(conn: psycopg.Connection) -> World:
    return SharedWorld(conn)
