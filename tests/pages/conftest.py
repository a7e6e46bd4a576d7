"""A tenant, its salesperson Ana and its manager Mia at the pages, and a relay worker in the test's process."""

from __future__ import annotations

import pytest
from flask import Flask

from ..support.browser import Person
from ..support.world import World


@pytest.fixture
def tenant(world: World) -> int:
    return world.tenant()


@pytest.fixture
def ana(app: Flask, world: World, tenant: int) -> Person:
    return Person(app, world.user(tenant))


@pytest.fixture
def mia(app: Flask, world: World, tenant: int) -> Person:
    return Person(app, world.user(tenant, "Mia Manager", role="manager"))
