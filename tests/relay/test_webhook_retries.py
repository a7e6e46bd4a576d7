"""Attempts follow the schedule, an overloaded endpoint gets a pause, and the last failure makes a dead letter."""

from __future__ import annotations

import time

import pytest
from standardwebhooks import Webhook

from webapp.relay.worker import RelayWorker
from webapp.webhooks.schedule import MAX_ATTEMPTS, WAIT_SECONDS

from ..support.relay import Relay
from ..support.wait import eventually
from ..support.webhooks import (
    HOOK,
    Inbox,
    Request,
    answer,
    attempts,
    deliveries,
    failing,
    make_due,
    set_attempts,
    signing_secret,
    states,
    working,
)
from ..support.world import World


def run_elsewhere(relay: Relay) -> None:
    """By another worker, which has no pause in its memory."""
    relay.worker.close()
    other = RelayWorker(relay.config)
    other.run(relay.find(HOOK).id)
    other.close()


def test_attempts_follow_the_schedule_until_the_delivery_is_a_dead_letter(
    relay: Relay, world: World, acme: int, inbox: Inbox
) -> None:
    failing(inbox)
    world.order(acme)
    for planned in WAIT_SECONDS[1:]:
        relay.run(HOOK)
        (waited,) = make_due(relay.conn)
        assert planned * 0.8 - 5 <= waited <= planned * 1.2
        assert waited > 0
    assert states(relay.conn) == ["waiting"]
    relay.run(HOOK)
    (dead,) = deliveries(relay.conn)
    assert (dead["state"], dead["attempts"]) == ("dead", MAX_ATTEMPTS)
    assert dead["reason"] == "The endpoint answered 500 Internal Server Error; only 2xx is a success."
    assert dead["done_at"] is not None
    relay.run(HOOK)
    assert len(inbox.requests) == len(attempts(relay.conn)) == MAX_ATTEMPTS


def test_each_attempt_has_the_same_id_and_body_and_a_signature_of_its_own(
    relay: Relay, world: World, acme: int, inbox: Inbox
) -> None:
    failing(inbox)
    world.order(acme)
    relay.run(HOOK)
    first = inbox.requests[0]
    # Timestamps are whole seconds, so the second attempt is made in a later one.
    eventually(lambda: time.time() >= int(first.headers["webhook-timestamp"]) + 1)
    make_due(relay.conn)
    relay.run(HOOK)
    second = inbox.requests[1]
    assert (first.id, first.body) == (second.id, second.body)
    for name in ("webhook-timestamp", "webhook-signature"):
        assert first.headers[name] != second.headers[name]
    for request in (first, second):
        Webhook(signing_secret(relay)).verify(request.body, dict(request.headers))


def test_retry_after_is_followed_up_to_twice_the_planned_wait(
    relay: Relay, world: World, acme: int, inbox: Inbox
) -> None:
    failing(inbox, 503, Retry_After="31536000")
    world.order(acme)
    set_attempts(relay.conn, 0)
    relay.run(HOOK)
    (waited,) = make_due(relay.conn)
    assert 5 < waited <= 12
    failing(inbox, 503, Retry_After="400")
    relay.run(HOOK)
    (waited,) = make_due(relay.conn)
    assert 390 < waited <= 400


@pytest.mark.parametrize("status", [429, 502, 504])
def test_an_overloaded_endpoint_gets_no_request_at_all_for_a_while(
    relay: Relay, world: World, acme: int, inbox: Inbox, status: int
) -> None:
    failing(inbox, status)
    world.order(acme)
    relay.run(HOOK)
    assert len(inbox.requests) == 1
    working(inbox)
    other = world.order(acme)
    make_due(relay.conn)
    assert relay.run(HOOK) is False
    assert len(inbox.requests) == 1
    assert states(relay.conn) == ["waiting", "waiting"]
    run_elsewhere(relay)
    assert inbox.of_order(other) == ["placed"]
    assert states(relay.conn) == ["delivered", "delivered"]


def test_an_endpoint_that_answers_500_gets_its_other_deliveries_at_once(
    relay: Relay, world: World, acme: int, inbox: Inbox
) -> None:
    failing(inbox, 500)
    world.order(acme)
    relay.run(HOOK)
    working(inbox)
    other = world.order(acme)
    relay.run(HOOK)
    assert inbox.of_order(other) == ["placed"]


def test_a_delivery_that_fails_and_one_that_arrives_do_not_make_the_endpoint_failing(
    relay: Relay, world: World, acme: int, inbox: Inbox
) -> None:
    bad = world.order(acme)

    def reply(request: Request) -> bytes:
        return answer(500 if request.order_id == bad else 200)

    inbox.reply = reply
    relay.run(HOOK)
    assert relay.find(HOOK).failing_since is not None
    world.order(acme)
    relay.run(HOOK)
    assert relay.find(HOOK).failing_since is None
    assert relay.find(HOOK).last_error == "The endpoint answered 500 Internal Server Error; only 2xx is a success."
