"""In the listener's place: a client that publishes, and a heartbeat, without which pages are told to poll."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import redis

from webapp import redis_client
from webapp.signals import publisher

from .world import Service


@pytest.fixture(autouse=True)
def client(service: Service) -> Iterator[redis.Redis]:
    """Publishes in the listener's place, and beats for it."""
    with redis_client.connect(service.redis_url) as client:
        client.set(publisher.HEARTBEAT_KEY, "{}")
        yield client
