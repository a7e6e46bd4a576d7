"""A destination that cannot be used: its events wait, no attempt is counted, and it continues when the broker is back."""

from __future__ import annotations

import threading

import pytest
import redis
from flask import Flask

from webapp.relay import late, worker
from webapp.relay.late import LATE_SECONDS

from ..support.brokers.broker import running
from ..support.brokers.redis_server import RedisServer
from ..support.doctor import examined
from ..support.relay import Relay, event_ids
from ..support.wait import eventually
from ..support.world import Service, World


def test_events_wait_while_the_broker_is_away_and_arrive_when_it_is_back(relay: Relay, world: World, acme: int) -> None:
    with running(RedisServer) as server:
        relay.add("away", f"{server.url}?stream=orders")
        server.kill()
        world.order(acme)
        run = threading.Thread(target=relay.run, args=["away"])
        run.start()
        eventually(lambda: relay.find("away").failing_since is not None)
        for _order in range(3):
            world.order(acme)
        failing = relay.find("away")
        assert failing.last_error is not None
        assert str(server.port) in failing.last_error
        assert relay.held() == []
        server.restart()
        # Within one run, so without waiting for a tick.
        run.join()
        with redis.Redis.from_url(server.url) as client:
            assert event_ids(client) == [event["id"] for event in world.events()]
    assert relay.find("away").failing_since is None


def test_a_destination_with_a_variable_that_is_not_set_says_so(
    relay: Relay, world: World, acme: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "RUN_SECONDS", 0.3)
    monkeypatch.delenv("STREAM_PASSWORD", raising=False)
    relay.add("stream", "redis://:$STREAM_PASSWORD@127.0.0.1:6379?stream=orders")
    world.order(acme)
    assert relay.run() is True
    assert "STREAM_PASSWORD is not set" in str(relay.find().last_error)


def _age(relay: Relay, seconds: float) -> None:
    relay.conn.execute("UPDATE order_events SET recorded_at = recorded_at - make_interval(secs => %s)", [seconds])


def test_an_event_that_waits_for_minutes_is_a_fault_in_doctor_and_degrades_readyz(
    relay: Relay, world: World, acme: int, app: Flask, service: Service
) -> None:
    relay.add("payments")
    world.order(acme)
    assert late.late(relay.conn) == []
    _age(relay, LATE_SECONDS + 1)
    assert [seen.destination.name for seen in late.late(relay.conn)] == ["payments"]
    answer = app.test_client().get("/readyz").get_json()
    assert answer["degraded"] is True
    assert answer["relay"] == "events have waited for over 5 min for a destination"
    examined(service).says("relay", "FAULT", "payments has not got events for 5 min", "flask relay test payments")
    relay.run("payments")
    assert late.late(relay.conn) == []
    examined(service).says("relay", "ok", "1 of 1 destinations are active", "")
