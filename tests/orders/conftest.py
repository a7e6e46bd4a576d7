"""The tenant whose orders are changed."""

from __future__ import annotations

import pytest

from ..support.world import World


@pytest.fixture
def tenant(world: World) -> int:
    return world.tenant()
