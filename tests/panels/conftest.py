"""A tenant whose panels are kept, and its user Ana."""

from __future__ import annotations

import pytest
import redis
from flask import Flask

from webapp.signals import publisher

from ..support.browser import Person
from ..support.world import World


@pytest.fixture
def tenant(world: World, redis_client: redis.Redis) -> int:
    """A tenant with one signal: without any signal no render is kept."""
    tenant = world.tenant()
    publisher.publish(redis_client, tenant, {"placed": None})
    return tenant


@pytest.fixture
def ana(app: Flask, world: World, tenant: int) -> Person:
    return Person(app, world.user(tenant))
