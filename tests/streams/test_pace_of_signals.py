"""The pace that signals carry to the pages: slower, and with a jitter, for a crowd."""

from __future__ import annotations

import contextlib

import pytest
import redis

from webapp.panels import pacing
from webapp.signals import publisher

from ..support.raw_stream import Start
from ..support.sse import EventStream
from ..support.world import World

pytestmark = pytest.mark.usefixtures("heartbeat")


def test_signals_carry_the_pace_and_to_a_crowd_a_jitter(start: Start, world: World, redis_client: redis.Redis) -> None:
    doorbell = start(STREAMS_PER_USER="200")
    tenant = world.tenant()
    cookie = doorbell.cookie(world.user(tenant))
    least = round(1000 * pacing.MIN_ROUND_SECONDS * pacing.PAGE_PART)
    with contextlib.ExitStack() as streams:

        def open_stream() -> EventStream:
            stream = EventStream(doorbell.url + "/stream", cookie)
            streams.callback(stream.close)
            stream.until("hello")
            return stream

        first = open_stream()
        publisher.publish(redis_client, tenant, {"revenue": None})
        data = first.until("revenue").data
        assert data["pace"] == least
        assert "jitter" not in data
        for _ in range(pacing.CROWD_THRESHOLD):
            open_stream()
        publisher.publish(redis_client, tenant, {"revenue": None})
        data = first.until("revenue").data
        assert data["pace"] >= least
        assert 0 < data["jitter"] <= data["pace"]
