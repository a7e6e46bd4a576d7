"""A tenant, its salesperson Ana and its manager Mia at the pages, and a relay worker in the test's process."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from flask import Flask

from webapp.relay.worker import RelayWorker

from ..conftest import config_for
from ..support.browser import Person
from ..support.receivers import Receiver, answering
from ..support.relay import Relay
from ..support.world import Service, World


@pytest.fixture
def tenant(world: World) -> int:
    return world.tenant()


@pytest.fixture
def ana(app: Flask, world: World, tenant: int) -> Person:
    return Person(app, world.user(tenant))


@pytest.fixture
def mia(app: Flask, world: World, tenant: int) -> Person:
    return Person(app, world.user(tenant, "Mia Manager", role="manager"))


@pytest.fixture
def relay(service: Service, conn: psycopg.Connection) -> Iterator[Relay]:
    config = config_for(service)
    worker = RelayWorker(config)
    yield Relay(conn, config, worker)
    worker.stop()
    worker.close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A receiver of webhooks that answers 204."""
    receiver = Receiver(answering(b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n"))
    yield receiver
    receiver.close()
