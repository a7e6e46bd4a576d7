"""A tenant, its salesperson Ana, its manager Mia and its admin Ida at the pages, and the tenant's uploads."""

from __future__ import annotations

import psycopg
import pytest
import redis
from flask import Flask

from ..support.browser import Person
from ..support.uploads import Uploads
from ..support.world import Service, World


@pytest.fixture
def tenant(world: World) -> int:
    return world.tenant()


@pytest.fixture
def ana(app: Flask, world: World, tenant: int) -> Person:
    return Person(app, world.user(tenant))


@pytest.fixture
def mia(app: Flask, world: World, tenant: int) -> Person:
    return Person(app, world.user(tenant, "Mia Manager", role="manager"))


@pytest.fixture
def ida(app: Flask, world: World, tenant: int) -> Person:
    return Person(app, world.user(tenant, "Ida Admin", role="admin"))


@pytest.fixture
def uploads(service: Service, conn: psycopg.Connection, redis_client: redis.Redis, tenant: int) -> Uploads:
    return Uploads(service, conn, redis_client, tenant)
