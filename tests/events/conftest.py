"""Old months of events."""

from __future__ import annotations

import pytest

from ..support.archive import Archive
from ..support.world import Service, World


@pytest.fixture
def archive(service: Service, world: World) -> Archive:
    return Archive(service, world)
