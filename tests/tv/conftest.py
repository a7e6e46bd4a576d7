"""A tenant with a day of sales, its manager Mia, and a TV."""

from __future__ import annotations

import pytest
from flask import Flask

from ..support.browser import Person
from ..support.tvs import Tv, make_tv
from ..support.world import World


@pytest.fixture
def tenant(world: World) -> int:
    tenant = world.tenant(name="Northwind", timezone="UTC")
    ana = world.user(tenant, "Ana Silva")
    for number in range(3):
        world.order(tenant, 1_234_500 + number, owner_id=ana, paid_at="now", customer=f"Customer {number}")
    return tenant


@pytest.fixture
def tv(world: World, tenant: int) -> Tv:
    return make_tv(world, tenant)


@pytest.fixture
def mia(app: Flask, world: World, tenant: int) -> Person:
    return Person(app, world.user(tenant, "Mia Manager", role="manager"))


@pytest.fixture
def wall(app: Flask) -> Person:
    """The browser of a TV, which has no cookie."""
    return Person(app)
