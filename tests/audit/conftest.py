"""A company with an admin at the pages."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest
import redis
from flask import Flask

from ..support.attached import Shop
from ..support.browser import Person
from ..support.uploads import Uploads
from ..support.world import Service, World
from .actions import Stage


@pytest.fixture
def tenant(world: World) -> int:
    return world.tenant()


@pytest.fixture
def admin_id(world: World, tenant: int) -> int:
    return world.user(tenant, "Mia Admin", role="admin")


@pytest.fixture
def admin(app: Flask, admin_id: int) -> Person:
    return Person(app, admin_id)


@pytest.fixture
def stage(
    app: Flask,
    service: Service,
    world: World,
    conn: psycopg.Connection,
    redis_client: redis.Redis,
    tenant: int,
    admin: Person,
    tmp_path: Path,
) -> Stage:
    uploads = Uploads(service, conn, redis_client, tenant)
    manager = Person(app, world.user(tenant, "Max Manager", role="manager"))
    return Stage(app, world, tenant, admin, manager, uploads, Shop(service, conn, tenant), tmp_path)
