"""A tenant with an order of one customer, and a worker of erasures."""

from __future__ import annotations

import psycopg
import pytest
import redis

from ..support.privacy import Privacy
from ..support.process_urls import ProcessUrls
from ..support.uploads import Uploads
from ..support.world import Service, World

ERIKA = "Erika Müßtermann-O'Brien"


@pytest.fixture
def tenant(world: World) -> int:
    return world.tenant()


@pytest.fixture
def ana(world: World, tenant: int) -> int:
    return world.user(tenant, "Ana Silva")


@pytest.fixture
def privacy(process_urls: ProcessUrls, conn: psycopg.Connection, redis_client: redis.Redis, tenant: int) -> Privacy:
    """Its worker has the rights of the role doorbell_worker."""
    return Privacy(process_urls.worker, conn, redis_client, tenant)


@pytest.fixture
def uploads(service: Service, conn: psycopg.Connection, redis_client: redis.Redis, tenant: int) -> Uploads:
    return Uploads(service, conn, redis_client, tenant)
