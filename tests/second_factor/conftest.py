"""Ana, who signs in with a password and an authenticator app."""

from __future__ import annotations

import pytest
from flask import Flask

from ..support.two_step import Clock, Visitor, visitor
from ..support.world import World


@pytest.fixture
def clock(app: Flask) -> Clock:
    return Clock(app)


@pytest.fixture
def ana(app: Flask, world: World, clock: Clock) -> Visitor:
    """Ana, an admin, signed in with a password alone."""
    ana = visitor(app, world, clock, role="admin")
    ana.sign_in()
    return ana


@pytest.fixture
def codes(ana: Visitor) -> list[str]:
    """Ana's recovery codes, after she has turned on an authenticator app."""
    return ana.set_up_app()


@pytest.fixture
def halfway(ana: Visitor, codes: list[str]) -> Visitor:
    """Another browser of Ana's, after the password."""
    halfway = ana.another()
    halfway.enter_password()
    return halfway
