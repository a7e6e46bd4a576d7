"""The threads of a relay worker: one destination uses one of them, however often it is woken and however long it takes."""

from __future__ import annotations

import threading
import time

import pytest
import redis

from webapp.relay import lease, worker

from ..support.brokers.broker import running
from ..support.brokers.redis_server import RedisServer
from ..support.relay import Relay, entries
from ..support.wait import eventually
from ..support.world import World


def test_a_run_of_a_destination_that_runs_already_gives_its_thread_back_at_once(
    relay: Relay, world: World, acme: int, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A run that waited for the lease would get it at the end of the other run only.
    monkeypatch.setattr(lease, "WAIT_SECONDS", worker.RUN_SECONDS)
    relay.add("other")
    with running(RedisServer) as server:
        slow = relay.add("slow", f"{server.url}?stream=orders")
        with server.stop_for_a_while():
            world.order(acme)
            run = threading.Thread(target=relay.run, args=["slow"])
            run.start()
            eventually(lambda: relay.worker.is_running(slow.id))
            began = time.monotonic()
            assert [relay.worker.run(slow.id) for _wake in range(8)] == [False] * 8
            relay.run("other")
            assert time.monotonic() - began < worker.RUN_SECONDS / 2
            assert len(entries(redis_client)) == 1
        run.join()
        with redis.Redis.from_url(server.url) as client:
            assert len(entries(client)) == 1


def test_a_wake_during_a_run_is_not_lost(
    relay: Relay, world: World, acme: int, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    destination = relay.add()
    original = worker.RelayWorker._run

    def run_then_write(self: worker.RelayWorker, destination_id: int, line: worker._Line) -> bool:
        more = original(self, destination_id, line)
        if not redis_client.xlen("orders"):
            # This run has read its last. An event is committed now, and its wake finds the destination running.
            world.order(acme)
            assert self.run(destination_id) is False
        return more

    monkeypatch.setattr(worker.RelayWorker, "_run", run_then_write)
    assert relay.worker.run(destination.id) is False
    assert len(entries(redis_client)) == 1


def test_connections_of_a_removed_or_idle_destination_are_closed(
    relay: Relay, world: World, acme: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    relay.add()
    relay.run()
    sessions = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'doorbell relay'"
    assert relay.conn.execute(sessions).fetchone() == (1,)
    relay.worker.close_idle()
    assert relay.conn.execute(sessions).fetchone() == (1,)
    monkeypatch.setattr(worker, "IDLE_SECONDS", 0.0)
    relay.worker.close_idle()
    eventually(lambda: relay.conn.execute(sessions).fetchone() == (0,))
    world.order(acme)
    relay.run()
    assert relay.find().sent == 1
