"""In the listener's place: a client that publishes, and a heartbeat, without which pages are told to poll."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import redis

from webapp.signals import signals

from .world import Service


@pytest.fixture(autouse=True)
def client(service: Service) -> Iterator[redis.Redis]:
    """Publishes in the listener's place, and beats for it."""
    with signals.connect(service.redis_url) as client:
        client.set(signals.HEARTBEAT_KEY, "{}")
        yield client
