"""From a commit to the push service with the real listener and the real worker."""

from __future__ import annotations

import sys

import redis

from webapp.push import queue
from webapp.services import services

from ..support.browser import Person
from ..support.processes import Doorbell
from ..support.push_service import PushService
from ..support.wait import eventually
from ..support.world import World
from .conftest import subscribe

# As in the Procfile.
RELAY = ("-m", "celery", "-q", "-A", "tasks.app", "worker", "--queues=relay", "--pool=threads", "--concurrency=8")


def test_the_listener_wakes_the_push_of_a_payment(
    ana: Person, world: World, push_service: PushService, doorbell: Doorbell
) -> None:
    """No beat runs, so without the listener's wake-up no push would be sent."""
    vapid = services(ana.client.application).config.vapid
    assert vapid is not None
    browser = push_service.browser()
    assert subscribe(ana, browser) == 204
    worker = doorbell.process(sys.executable, *RELAY, "--loglevel=WARNING", "--without-gossip", "--without-mingle")
    worker.env |= {"DOORBELL_DEMO": "0", "WEBHOOK_ALLOW": "127.0.0.0/8"}
    worker.env |= {"VAPID_PRIVATE_KEY": vapid.private_key, "VAPID_SUBJECT": vapid.subject}
    worker.start()
    doorbell.listener.start()
    eventually(lambda: "listening" in doorbell.listener.log)
    world.order(1, owner_id=1, number="1042", paid_at="now")
    eventually(lambda: len(push_service.requests) == 1, 60)
    assert browser.decrypt(push_service.requests[0])["title"] == "Order 1042 was paid"
    assert worker.stop() == 0
    assert "Traceback" not in worker.log


def test_the_listener_sends_one_run_until_it_begins(redis_client: redis.Redis) -> None:
    queue.publish(redis_client, True)
    assert queue.is_active(redis_client)
    assert [queue.claim_wake(redis_client), queue.claim_wake(redis_client)] == [True, False]
    queue.clear_wake(redis_client)
    assert queue.claim_wake(redis_client)
    queue.publish(redis_client, False)
    assert not queue.is_active(redis_client)
