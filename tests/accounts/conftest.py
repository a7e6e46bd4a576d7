"""Two web processes on the same database and Redis."""

from __future__ import annotations

import pytest

from ..support.web_app import Web
from ..support.world import Service


@pytest.fixture
def here(service: Service) -> Web:
    return Web(service)


@pytest.fixture
def elsewhere(service: Service) -> Web:
    return Web(service)
