"""Dead letters of a webhook hold their order until a user retries or skips them; deliveries are resent."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import redis
from prometheus_client import REGISTRY

from webapp.relay import survey, verbs
from webapp.relay.verbs import RelayError
from webapp.webhooks.schedule import MAX_ATTEMPTS

from ..support.relay import ACTOR, Relay
from ..support.webhooks import (
    HOOK,
    Inbox,
    answer,
    deliveries,
    failing,
    make_due,
    set_attempts,
    states,
    working,
)
from ..support.world import World


@pytest.fixture
def dead(relay: Relay, world: World, acme: int, inbox: Inbox) -> int:
    """An order whose first event is a dead letter, with a second and a third behind it; its id."""
    order = world.order(acme, paid_at="now()", shipped_at="now()")
    inbox.reply = lambda request: answer(400 if request.order_id == order else 200)
    relay.run(HOOK)
    set_attempts(relay.conn, MAX_ATTEMPTS - 1)
    make_due(relay.conn)
    relay.run(HOOK)
    assert states(relay.conn) == ["dead", "waiting", "waiting"]
    inbox.requests.clear()
    return order


def event_ids(world: World, order: int) -> list[int]:
    return [event["id"] for event in world.events() if event["order_id"] == order]


def test_a_dead_letter_holds_its_order_and_no_other(
    relay: Relay, world: World, acme: int, inbox: Inbox, dead: int
) -> None:
    other = world.order(acme)
    world.change(dead, refunded_minor=1)
    working(inbox)
    make_due(relay.conn)
    relay.run(HOOK)
    assert [request.order_id for request in inbox.requests] == [other]
    assert states(relay.conn).count("waiting") == 3


def test_retry_sends_a_dead_letter_and_then_what_waits_behind_it(
    relay: Relay, world: World, inbox: Inbox, dead: int
) -> None:
    working(inbox)
    assert verbs.retry(relay.conn, relay.find(HOOK), ACTOR, event_ids(world, dead)[:1]) == 1
    relay.run(HOOK)
    assert inbox.of_order(dead) == ["placed", "paid", "shipped"]
    assert set(states(relay.conn)) == {"delivered"}
    assert relay.audit()[-1] == (ACTOR, "retry")


def test_a_retried_dead_letter_has_all_its_attempts_again(relay: Relay, world: World, inbox: Inbox, dead: int) -> None:
    verbs.retry(relay.conn, relay.find(HOOK), ACTOR, None)
    relay.run(HOOK)
    first = deliveries(relay.conn)[0]
    assert (first["state"], first["attempts"]) == ("waiting", 1)
    assert inbox.of_order(dead) == ["placed"]


def test_skip_drops_a_dead_letter_and_sends_what_waits_behind_it(
    relay: Relay, world: World, inbox: Inbox, dead: int
) -> None:
    working(inbox)
    assert verbs.skip(relay.conn, relay.find(HOOK), ACTOR, event_ids(world, dead)[:1]) == 1
    relay.run(HOOK)
    assert inbox.of_order(dead) == ["paid", "shipped"]
    assert states(relay.conn) == ["skipped", "delivered", "delivered"]
    assert relay.audit()[-1] == (ACTOR, "skip")


@pytest.mark.parametrize("verb", [verbs.retry, verbs.skip])
def test_only_a_dead_letter_can_be_retried_or_skipped(
    relay: Relay, world: World, inbox: Inbox, dead: int, verb: Any
) -> None:
    event = event_ids(world, dead)[1]
    with pytest.raises(RelayError, match=f"hook has no dead letter of event {event}"):
        verb(relay.conn, relay.find(HOOK), ACTOR, [event])
    assert states(relay.conn) == ["dead", "waiting", "waiting"]


def test_a_delivery_is_resent_with_the_same_id_and_later_events_of_its_order_wait(
    relay: Relay, world: World, acme: int, inbox: Inbox
) -> None:
    order = world.order(acme)
    relay.run(HOOK)
    (delivered,) = deliveries(relay.conn)
    failing(inbox)
    verbs.resend(relay.conn, relay.find(HOOK), ACTOR, delivered["id"])
    world.change(order, paid_at="now()")
    relay.run(HOOK)
    assert inbox.types == ["placed", "placed"]
    working(inbox)
    make_due(relay.conn)
    relay.run(HOOK)
    assert inbox.types == ["placed", "placed", "placed", "paid"]
    assert inbox.requests[0].id == inbox.requests[1].id == inbox.requests[2].id
    with pytest.raises(RelayError, match="hook has no finished delivery 0"):
        verbs.resend(relay.conn, relay.find(HOOK), ACTOR, 0)


def test_an_old_delivery_that_is_resent_while_a_later_one_waits_goes_first(
    relay: Relay, world: World, acme: int, inbox: Inbox
) -> None:
    order = world.order(acme)
    relay.run(HOOK)
    failing(inbox)
    world.change(order, paid_at="now()")
    relay.run(HOOK)
    verbs.resend(relay.conn, relay.find(HOOK), ACTOR, deliveries(relay.conn)[0]["id"])
    working(inbox)
    make_due(relay.conn)
    relay.run(HOOK)
    assert inbox.types == ["placed", "paid", "placed", "paid"]
    assert states(relay.conn) == ["delivered", "delivered"]


def test_all_deliveries_that_failed_since_a_time_are_resent(
    relay: Relay, world: World, acme: int, inbox: Inbox
) -> None:
    failing(inbox)
    old, new = world.order(acme), world.order(acme)
    relay.run(HOOK)
    set_attempts(relay.conn, MAX_ATTEMPTS - 1)
    make_due(relay.conn)
    relay.run(HOOK)
    relay.conn.execute("UPDATE webhook_deliveries SET done_at = now() - interval '2 days' WHERE order_id = %s", [old])
    working(inbox)
    inbox.requests.clear()
    assert verbs.resend_failed(relay.conn, relay.find(HOOK), ACTOR, world.now() - timedelta(days=1)) == 1
    relay.run(HOOK)
    assert [request.order_id for request in inbox.requests] == [new]
    assert states(relay.conn) == ["dead", "delivered"]


def test_dead_letters_and_waiting_deliveries_are_in_the_metrics(
    relay: Relay, redis_client: redis.Redis, dead: int
) -> None:
    survey.survey(relay.config.database_url, redis_client)
    values = {
        name: REGISTRY.get_sample_value(f"doorbell_relay_{name}", {"destination": HOOK})
        for name in ("held_events", "unread_events", "unread_age_seconds")
    }
    assert (values["held_events"], values["unread_events"]) == (1, 2)
    assert (values["unread_age_seconds"] or 0) > 0
