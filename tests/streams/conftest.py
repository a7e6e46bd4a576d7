"""Web processes that a test starts with its own options."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ..support.processes import WEB_APP, Doorbell
from ..support.raw_stream import TOKEN, Start
from ..support.world import Service


@pytest.fixture
def start(service: Service) -> Iterator[Start]:
    started: list[Doorbell] = []

    def start(*args: str, app: str = WEB_APP, **env: str) -> Doorbell:
        doorbell = Doorbell(service, METRICS_TOKEN=TOKEN, **env)
        started.append(doorbell)
        doorbell.web.args = [*doorbell.web.args[:-1], *args, app]
        doorbell.start_web()
        return doorbell

    yield start
    for doorbell in started:
        doorbell.close()
