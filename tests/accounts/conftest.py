"""Two web processes on the same database and Redis, and Ana, who is signed in to the first."""

from __future__ import annotations

import pytest

from ..support.browser import Person
from ..support.web_app import Web
from ..support.world import Service, World


@pytest.fixture
def here(service: Service) -> Web:
    return Web(service)


@pytest.fixture
def elsewhere(service: Service) -> Web:
    return Web(service)


@pytest.fixture
def user(world: World) -> int:
    """Ana, of a tenant with her unpaid order A1."""
    tenant = world.tenant("demo")
    world.user(tenant, "Mia Chef", role="manager")
    ana = world.user(tenant)
    world.order(tenant, number="A1", owner_id=ana)
    return ana


@pytest.fixture
def ana(here: Web, user: int) -> Person:
    """Ana, signed in by the demo's link."""
    person = Person(here.app)
    assert person.get("/demo?as=sales").status_code == 303
    assert person.get("/panels/revenue").status_code == 200
    return person
