"""A company with its admin Ada, and a visitor who is not signed in."""

from __future__ import annotations

import pytest
from flask import Flask

from ..support.browser import Person
from ..support.world import World


@pytest.fixture
def tenant(world: World) -> int:
    return world.tenant(name="Acme & Söhne")


@pytest.fixture
def ada(app: Flask, world: World, tenant: int) -> Person:
    return Person(app, world.user(tenant, "Ada Admin", role="admin"))


@pytest.fixture
def visitor(app: Flask) -> Person:
    return Person(app)
