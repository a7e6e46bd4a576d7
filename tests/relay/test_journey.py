"""The journey of an order's events: unread ones by the reader's position, and what another order or tenant has is left out."""

from __future__ import annotations

import psycopg
from flask import Flask

from webapp.db import driver_connection
from webapp.outbox.reader import Reader
from webapp.relay import journey

from ..support.relay import Relay, hold
from ..support.world import World


def states(app: Flask, tenant: int, order: int) -> list[list[str]]:
    """The states of the steps of each event, newest event first."""
    with app.test_request_context(), driver_connection() as conn:
        found = journey.read(conn, tenant, order)
        assert found is not None
        return [[step.state for step in event.steps] for event in found]


def test_an_orders_unread_events_are_those_behind_the_cursor(world: World, conn: psycopg.Connection, acme: int) -> None:
    reader, order = Reader("relay test"), world.order(acme)
    assert reader.unread_of_order(conn, acme, order) == set()
    reader.save(conn, reader.beginning(conn))
    world.change(order, paid_at="now()")
    world.order(acme)
    first, second = (event["id"] for event in world.events() if event["order_id"] == order)
    assert reader.unread_of_order(conn, acme, order) == {first, second}
    diff = reader.begin(conn)
    assert diff is not None
    diff.read(1)
    diff.advance(first)
    assert reader.unread_of_order(conn, acme, order) == {second}
    world.change(order, shipped_at="now()")
    third = world.events()[-1]["id"]
    assert reader.unread_of_order(conn, acme, order) == {second, third}
    while events := diff.read(10):
        diff.advance(events[-1].id)
    diff.finish()
    assert reader.unread_of_order(conn, acme, order) == {third}


def test_a_journey_goes_from_waiting_to_acknowledged(relay: Relay, app: Flask, world: World, acme: int) -> None:
    relay.add(tenant_id=acme)
    order = world.order(acme)
    assert states(app, acme, order) == [["waiting"]]
    relay.run()
    world.change(order, paid_at="now()")
    assert states(app, acme, order) == [["waiting"], ["acknowledged"]]
    assert states(app, acme, world.order(acme)) == [["waiting"]]


def test_an_event_from_before_a_destination_has_no_step_there(
    relay: Relay, app: Flask, world: World, acme: int
) -> None:
    order = world.order(acme)
    relay.add(tenant_id=acme)
    assert states(app, acme, order) == [[]]


def test_events_behind_a_dead_letter_are_held(relay: Relay, app: Flask, world: World, acme: int) -> None:
    order = world.order(acme)
    world.change(order, paid_at="now()")
    relay.add(tenant_id=acme)
    hold(relay.conn, relay.find(), world.events(), "too large")
    assert states(app, acme, order) == [["behind"], ["dead"]]


def test_an_acknowledged_event_without_a_receipt_is_unknown(relay: Relay, app: Flask, world: World, acme: int) -> None:
    relay.add(tenant_id=acme)
    order = world.order(acme)
    relay.run()
    relay.conn.execute("DELETE FROM relay_receipts")
    assert states(app, acme, order) == [["unknown"]]


def test_a_tenant_without_destinations_has_no_journey(relay: Relay, app: Flask, world: World, acme: int) -> None:
    relay.add(tenant_id=world.tenant("globex"))
    order = world.order(acme)
    with app.test_request_context(), driver_connection() as conn:
        assert journey.read(conn, acme, order) is None
