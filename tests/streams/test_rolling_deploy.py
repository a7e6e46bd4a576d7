"""A rolling deploy: a web process of this version beside the listener of a coming one."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest
import redis

from webapp.signals import signal_log

from ..support.apps.newer_listener import TOPIC
from ..support.processes import Doorbell, read
from ..support.sse import EventStream
from ..support.wait import eventually
from ..support.world import Service, World


@pytest.fixture
def doorbell(service: Service) -> Iterator[Doorbell]:
    """Started; its listener is the newer one."""
    doorbell = Doorbell(service)
    doorbell.listener.args = [sys.executable, "-m", "tests.support.apps.newer_listener"]
    doorbell.start()
    yield doorbell
    doorbell.close()


class Viewer:
    """A page's stream, from the newest signal on."""

    def __init__(self, doorbell: Doorbell, client: redis.Redis, world: World, slug: str) -> None:
        self._doorbell = doorbell
        self.tenant = world.tenant(slug)
        self.cookie = doorbell.cookie(world.user(self.tenant))
        self.since = signal_log.newest_seq(client, self.tenant)
        self.stream = self.connect(self.since)

    def connect(self, since: int) -> EventStream:
        stream = EventStream(f"{self._doorbell.url}/stream?since={since}", self.cookie)
        stream.until("hello")
        return stream


def test_an_unknown_field_is_passed_over(world: World, doorbell: Doorbell, redis_client: redis.Redis) -> None:
    viewer = Viewer(doorbell, redis_client, world, "acme")
    world.order(viewer.tenant)
    names = viewer.stream.names_until("placed")
    assert "orders" in names
    assert "resync" not in names


def test_an_unknown_topic_makes_the_pages_of_its_tenant_resync_and_no_others(
    world: World, doorbell: Doorbell, redis_client: redis.Redis
) -> None:
    viewer, other = (Viewer(doorbell, redis_client, world, slug) for slug in ("acme", "other"))
    world.order(viewer.tenant, paid_at=world.now())
    names = viewer.stream.names_until("resync")
    assert TOPIC not in names
    assert "revenue" not in names, "the signal as a whole is unreadable"
    world.order(other.tenant)
    assert "resync" not in other.stream.names_until("placed")
    world.order(viewer.tenant)
    assert "resync" not in viewer.stream.names_until("placed"), "the next readable signal is read"
    assert "Traceback" not in doorbell.web.log
    assert "unreadable" in doorbell.web.log


def test_a_page_that_reconnects_over_an_unknown_topic_resyncs(
    world: World, doorbell: Doorbell, redis_client: redis.Redis
) -> None:
    viewer = Viewer(doorbell, redis_client, world, "acme")
    viewer.stream.close()
    world.order(viewer.tenant, paid_at=world.now())
    eventually(lambda: signal_log.newest_seq(redis_client, viewer.tenant) > viewer.since)
    names = EventStream(f"{doorbell.url}/stream?since={viewer.since}", viewer.cookie).names_until("resync")
    assert "revenue" not in names


def test_panels_are_rendered_again_after_a_signal_that_cannot_be_read(
    world: World, doorbell: Doorbell, redis_client: redis.Redis
) -> None:
    viewer = Viewer(doorbell, redis_client, world, "acme")
    assert "42.00" not in read(f"{doorbell.url}/panels/revenue", viewer.cookie)
    world.order(viewer.tenant, 4_200, paid_at=world.now())
    viewer.stream.until("resync")
    assert "42.00" in read(f"{doorbell.url}/panels/revenue", viewer.cookie)
