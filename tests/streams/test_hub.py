"""The hub without a web server: slow readers, faults, and streams that end."""

from __future__ import annotations

import threading
from typing import Any, cast

import pytest
import redis
from redis.client import PubSub

from webapp import create_app
from webapp.services import services
from webapp.signals import publisher
from webapp.signals.signal import Signal
from webapp.streams.base import Stream
from webapp.streams.generator_stream import GeneratorStream

from ..conftest import config_for
from ..support.processes import Doorbell
from ..support.raw_stream import worker
from ..support.wait import eventually
from ..support.world import Service, World

pytestmark = pytest.mark.usefixtures("heartbeat")


def test_a_burst_is_coalesced_for_a_slow_reader(service: Service, world: World, redis_client: redis.Redis) -> None:
    app = create_app(config_for(service))
    hub = services(app).hub
    tenant = world.tenant()
    stream = GeneratorStream(tenant, world.user(tenant))
    hub.open(stream, 0)
    for order in range(1000):
        newest = publisher.publish(redis_client, tenant, {"orders": [order % 7], "placed": None})
    assert eventually(lambda: stream.pending is not None and stream.pending.seq == newest)
    pending = stream.take_pending()
    assert pending is not None
    assert pending.signal().topics == {"orders": [0, 1, 2, 3, 4, 5, 6], "placed": None}
    assert stream.take_pending() is None
    hub.close(stream, "hangup")


def test_a_web_process_is_connected_to_redis_before_its_first_stream(
    service: Service, redis_client: redis.Redis
) -> None:
    doorbell = Doorbell(service)

    def is_subscribed() -> bool:
        """Of its own connections: a hub of another test in this process may subscribe again at any time."""
        ports = {connection.laddr.port for connection in worker(doorbell).net_connections("tcp")}
        subscribers = cast(Any, redis_client.client_list(_type="pubsub"))
        return any(int(each["addr"].rpartition(":")[2]) in ports for each in subscribers if int(each["sub"]))

    doorbell.start_web()
    try:
        assert eventually(is_subscribed)
    finally:
        doorbell.close()


def test_the_hub_recovers_from_an_unforeseen_error(
    service: Service, world: World, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = services(create_app(config_for(service))).hub
    tenant = world.tenant()
    stream = GeneratorStream(tenant, world.user(tenant))
    hub.open(stream, 0)
    get_message = PubSub.get_message
    failed: set[int] = set()  # threads: hubs of other tests may be there

    def fail_once(pubsub: PubSub, *args: Any, **options: Any) -> Any:
        if threading.get_ident() not in failed:
            failed.add(threading.get_ident())
            raise RuntimeError("an unexpected error")
        return get_message(pubsub, *args, **options)

    monkeypatch.setattr(PubSub, "get_message", fail_once)
    assert eventually(
        lambda: not stream.disconnected and stream.pending is not None and "resync" in stream.pending.names
    )
    publisher.publish(redis_client, tenant, {"placed": None})
    assert eventually(lambda: stream.pending is not None and "placed" in stream.pending.names)
    hub.close(stream, "hangup")


def test_away_never_carries_the_id_of_signals_that_it_replaced() -> None:
    stream = Stream(1, 1)
    stream.coalesce(Signal(500, {"orders": [1]}))
    stream.mark_disconnected("redis")
    pending = stream.take_pending()
    assert pending is not None
    assert (pending.names, pending.seq) == (["away"], 0)


@pytest.mark.parametrize("ends", ["DELETE FROM users", "UPDATE users SET tenant_id = (SELECT max(id) FROM tenants)"])
def test_a_stream_ends_when_its_user_is_deleted_or_moved_to_another_tenant(
    monkeypatch: pytest.MonkeyPatch, service: Service, world: World, ends: str
) -> None:
    monkeypatch.setattr("webapp.streams.timers.REVOCATION_SECONDS", 0.0)
    monkeypatch.setattr("webapp.accounts.user_cache.KEPT_SECONDS", -1.0)  # switches the cache off
    app = create_app(config_for(service))
    user = world.user(world.tenant())
    world.tenant("other")
    client = app.test_client()
    with client.session_transaction() as session:
        session.update(_user_id=str(user), _fresh=True)
    answer = client.get("/stream", buffered=False)
    frames = iter(answer.response)
    assert b"event: hello" in next(frames)
    world.conn.execute(ends)
    assert list(frames) == []
