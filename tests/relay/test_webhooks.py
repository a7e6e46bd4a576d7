"""A webhook gets each committed change once, signed and valid, in order per order."""

from __future__ import annotations

import json

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from webapp.relay.verbs import BEGINNING

from ..support.receivers import StartReceiver
from ..support.relay import Relay
from ..support.webhooks import HOOK, Inbox, Request, answer, attempts, deliveries, signing_secret, states
from ..support.world import World
from .test_schemas import faults


def test_a_committed_change_arrives_once_with_a_signature_that_the_reference_library_verifies(
    relay: Relay, world: World, acme: int, inbox: Inbox
) -> None:
    order = world.order(acme, 4200, number="A-7")
    relay.run(HOOK)
    relay.run(HOOK)
    (request,) = inbox.requests
    verified = Webhook(signing_secret(relay)).verify(request.body, dict(request.headers))
    assert verified == request.event
    assert request.line == "POST /hooks?token=hunter2 HTTP/1.1"
    assert request.headers["content-type"] == "application/cloudevents+json"
    assert request.id == request.event["id"] == deliveries(relay.conn)[0]["message_id"]
    assert (request.event["type"], request.order_id) == ("doorbell.order.placed", order)
    with pytest.raises(WebhookVerificationError):
        Webhook(signing_secret(relay)).verify(request.body + b" ", dict(request.headers))


def test_each_body_is_a_valid_event_with_its_sequence(relay: Relay, world: World, acme: int, inbox: Inbox) -> None:
    order = world.order(acme, paid_at="now()")
    world.change(order, shipped_at="now()")
    world.change(order, refunded_minor=100)
    relay.run(HOOK)
    events = [request.event for request in inbox.requests]
    assert [fault for event in events for fault in faults(event)] == []
    assert inbox.types == ["placed", "paid", "shipped", "refunded"]
    assert [int(event["sequence"]) for event in events] == [1, 2, 3, 4]


def test_a_delivery_and_its_attempt_are_kept(relay: Relay, world: World, acme: int, inbox: Inbox) -> None:
    order = world.order(acme)
    relay.run(HOOK)
    (delivery,), (attempt,) = deliveries(relay.conn), attempts(relay.conn)
    assert (delivery["state"], delivery["attempts"], delivery["order_id"]) == ("delivered", 1, order)
    assert delivery["event_id"] == world.events()[0]["id"]
    assert json.loads(delivery["body"]) == inbox.requests[0].event
    assert (attempt["delivery_id"], attempt["status"], attempt["answer"]) == (delivery["id"], 200, "ok")
    assert (relay.find(HOOK).sent, relay.find(HOOK).failing_since) == (1, None)


def test_tenant_and_types_filter_what_a_webhook_gets(
    relay: Relay, world: World, acme: int, receiver: StartReceiver, short_runs: None
) -> None:
    inbox = Inbox()
    relay.add("paid", receiver(inbox).url, tenant_id=acme, types=["paid"], start=BEGINNING)
    for tenant in (acme, world.tenant("globex")):
        world.order(tenant, paid_at="now()")
    relay.run("paid")
    assert [(request.event["source"], request.event["data"]["type"]) for request in inbox.requests] == [
        ("/doorbell/acme", "paid")
    ]


def test_the_second_event_of_an_order_waits_for_the_first_and_other_orders_go_on(
    relay: Relay, world: World, acme: int, inbox: Inbox
) -> None:
    first, second = world.order(acme), world.order(acme)
    for order in (first, second):
        world.change(order, paid_at="now()")

    def reply(request: Request) -> bytes:
        return answer(500 if request.order_id == first else 200)

    inbox.reply = reply
    relay.run(HOOK)
    assert (inbox.of_order(first), inbox.of_order(second)) == (["placed"], ["placed", "paid"])
    world.change(first, shipped_at="now()")
    relay.run(HOOK)
    assert inbox.of_order(first) == ["placed"]
    inbox.reply = lambda _request: answer(204)
    relay.conn.execute("UPDATE webhook_deliveries SET next_at = now() WHERE attempts = 1 AND state = 'waiting'")
    relay.run(HOOK)
    assert inbox.of_order(first) == ["placed", "placed", "paid", "shipped"]
    assert set(states(relay.conn)) == {"delivered"}


def test_many_events_of_many_orders_arrive_once_and_in_order(
    relay: Relay, world: World, acme: int, inbox: Inbox
) -> None:
    world.conn.execute(
        "INSERT INTO orders (tenant_id, number, customer, currency, total_minor, paid_at) "
        "SELECT %s, 'N' || n, 'Many', 'EUR', n, now() FROM generate_series(1, 60) n",
        [acme],
    )
    world.conn.execute("UPDATE orders SET shipped_at = now()")
    world.conn.execute("UPDATE orders SET refunded_minor = 1")
    while relay.run(HOOK):
        pass
    assert len({request.id for request in inbox.requests}) == len(inbox.requests) == 240
    for order in {request.order_id for request in inbox.requests}:
        assert inbox.of_order(order) == ["placed", "paid", "shipped", "refunded"]


def test_a_webhook_from_the_beginning_gets_more_events_than_a_page_has(
    relay: Relay, world: World, acme: int, receiver: StartReceiver
) -> None:
    world.conn.execute(
        "INSERT INTO orders (tenant_id, number, customer, currency, total_minor) "
        "SELECT %s, 'N' || n, 'Many', 'EUR', n FROM generate_series(1, 700) n",
        [acme],
    )
    inbox = Inbox()
    relay.add(HOOK, receiver(inbox).url, start=BEGINNING)
    while relay.run(HOOK):
        pass
    assert len({request.id for request in inbox.requests}) == len(inbox.requests) == 700
    assert relay.find(HOOK).sent == 700
