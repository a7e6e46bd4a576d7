"""A listener as a process, beside the web process that a test may start."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .processes import Doorbell, Process, eventually
from .world import Service


@pytest.fixture
def doorbell(service: Service) -> Iterator[Doorbell]:
    doorbell = Doorbell(service)
    yield doorbell
    doorbell.close()


@pytest.fixture
def listener(doorbell: Doorbell) -> Process:
    doorbell.listener.start()
    assert eventually(lambda: "listening" in doorbell.listener.log)
    return doorbell.listener
