"""From a commit to the destination with the real listener and the real relay worker: the listener wakes the relay."""

from __future__ import annotations

import sys

import pytest
import redis

from webapp.relay import active, survey
from webapp.relay.wake import RelayWake

from ..conftest import config_for
from ..support.processes import Doorbell, Process
from ..support.relay import Relay, entries
from ..support.wait import eventually
from ..support.world import Service, World

# As in the Procfile.
RELAY = ("-m", "celery", "-q", "-A", "tasks.app", "worker", "--queues=relay", "--pool=threads", "--concurrency=8")


@pytest.fixture
def relay_worker(doorbell: Doorbell) -> Process:
    """Not started. Without beat: only its start sends a tick."""
    process = doorbell.process(sys.executable, *RELAY, "--loglevel=WARNING", "--without-gossip", "--without-mingle")
    process.env |= {"DOORBELL_DEMO": "0"}
    return process


def test_the_listener_wakes_the_relay_after_a_commit(
    relay: Relay, world: World, acme: int, doorbell: Doorbell, relay_worker: Process, redis_client: redis.Redis
) -> None:
    relay.add()
    world.order(acme)
    relay_worker.start()
    # The tick at its start relays what has waited, and publishes the list of destinations.
    eventually(lambda: len(entries(redis_client)) == 1, 60)
    doorbell.listener.start()
    eventually(lambda: "listening" in doorbell.listener.log)
    # No tick follows, so the listener alone can wake the relay.
    for count in (2, 3, 4):
        world.order(acme)
        eventually(lambda count=count: len(entries(redis_client)) == count)
    assert relay_worker.stop() == 0
    assert "Traceback" not in relay_worker.log


def test_a_second_event_sends_no_second_run_before_the_first_begins(
    relay: Relay, service: Service, redis_client: redis.Redis
) -> None:
    destination = relay.add()
    assert survey.survey(service.database_url, redis_client) == [destination.id]
    wake = RelayWake(config_for(service))
    wake.start()
    wake.wake()
    eventually(lambda: redis_client.llen("relay") == 1)
    # A busy machine may need longer than WAKE_MS for the rest.
    redis_client.set(active.WAKE_KEY.format(destination.id), "1")
    wake.wake()
    assert active.claim_wake(redis_client, destination.id) is False
    active.clear_wake(redis_client, destination.id)
    wake.wake()
    eventually(lambda: redis_client.llen("relay") == 2)


@pytest.mark.parametrize("junk", ["x", "1,x,,-3,99999999999999999999,2", "\x00"])
def test_junk_in_the_list_of_destinations_is_ignored(redis_client: redis.Redis, junk: str) -> None:
    redis_client.set(active.ACTIVE_KEY, junk)
    assert set(active.listed(redis_client)) <= {1, 2}
    redis_client.delete(active.ACTIVE_KEY)
    redis_client.lpush(active.ACTIVE_KEY, "1")
    assert active.listed(redis_client) == []
