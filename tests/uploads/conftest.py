"""A tenant with a manager, and its uploads."""

from __future__ import annotations

import psycopg
import pytest
import redis

from ..support.uploads import Uploads
from ..support.world import Service, World


@pytest.fixture
def tenant(world: World) -> int:
    return world.tenant()


@pytest.fixture
def mia(world: World, tenant: int) -> int:
    return world.user(tenant, "Mia Manager", role="manager")


@pytest.fixture
def uploads(service: Service, conn: psycopg.Connection, redis_client: redis.Redis, tenant: int) -> Uploads:
    return Uploads(service, conn, redis_client, tenant)
