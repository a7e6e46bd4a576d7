"""A webhook is disabled when its endpoint is gone or fails for 5 days; pause, resume and removal with requests in flight."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from webapp.relay import audit, verbs
from webapp.relay.destinations import NoSuchDestination
from webapp.relay.disabling import FAILING, GONE
from webapp.relay.webhook_outlet import MAX_IN_FLIGHT, MAX_QUEUED

from ..support.receivers import StartReceiver, Visit
from ..support.relay import ACTOR, Relay
from ..support.wait import eventually
from ..support.webhooks import HOOK, Inbox, answer, attempts, deliveries, make_due, states
from ..support.world import World


def failing_for(relay: Relay, interval: str) -> None:
    relay.conn.execute(
        "UPDATE relay_destinations SET failing_since = now() - %s::interval WHERE name = %s", [interval, HOOK]
    )


def test_an_endpoint_that_answers_410_is_disabled_once_and_keeps_its_deliveries(
    relay: Relay, world: World, acme: int, inbox: Inbox, caplog: pytest.LogCaptureFixture
) -> None:
    inbox.reply = lambda _request: answer(410)
    for _order in range(40):
        world.order(acme)
    relay.run(HOOK)
    found = relay.find(HOOK)
    assert (found.state, found.state_reason) == ("disabled", GONE.reason)
    assert relay.audit().count((audit.WORKER, "disabled")) == 1
    lines = [record for record in caplog.records if "disabled a webhook" in str(record.msg)]
    assert len(lines) == 1
    assert set(states(relay.conn)) == {"waiting"}
    sent = len(inbox.requests)
    assert 1 <= sent <= 32
    relay.run(HOOK)
    assert len(inbox.requests) == sent


def test_a_disabled_webhook_that_is_resumed_continues_where_it_stopped(
    relay: Relay, world: World, acme: int, inbox: Inbox
) -> None:
    inbox.reply = lambda _request: answer(410)
    order = world.order(acme)
    relay.run(HOOK)
    world.change(order, paid_at="now()")
    relay.run(HOOK)
    inbox.reply = lambda _request: answer(200)
    verbs.resume(relay.conn, relay.find(HOOK), ACTOR)
    make_due(relay.conn)
    relay.run(HOOK)
    assert inbox.types == ["placed", "placed", "paid"]


def test_a_disabled_webhook_that_is_resumed_from_now_leaves_out_what_waited(
    relay: Relay, world: World, acme: int, inbox: Inbox
) -> None:
    inbox.reply = lambda _request: answer(410)
    order = world.order(acme)
    relay.run(HOOK)
    world.change(order, paid_at="now()")
    inbox.reply = lambda _request: answer(200)
    verbs.resume(relay.conn, relay.find(HOOK), ACTOR, from_now=True)
    world.change(order, shipped_at="now()")
    relay.run(HOOK)
    assert inbox.types == ["placed", "shipped"]
    assert states(relay.conn) == ["skipped", "delivered"]


def test_an_endpoint_that_fails_for_five_days_is_disabled_with_its_reason(
    relay: Relay, world: World, acme: int, inbox: Inbox, caplog: pytest.LogCaptureFixture
) -> None:
    inbox.reply = lambda _request: answer(500)
    world.order(acme)
    relay.run(HOOK)
    failing_for(relay, "4 days 23 hours")
    world.order(acme)
    relay.run(HOOK)
    assert relay.find(HOOK).state == "active"
    failing_for(relay, "5 days")
    # A new event is no sign of life of the endpoint.
    world.order(acme)
    relay.run(HOOK)
    found = relay.find(HOOK)
    assert (found.state, found.state_reason) == ("disabled", FAILING.reason)
    assert relay.audit().count((audit.WORKER, "disabled")) == 1
    (line,) = [str(record.msg) for record in caplog.records if "disabled a webhook" in str(record.msg)]
    assert "destination='hook'" in line
    assert FAILING.reason in line
    assert "hunter2" not in caplog.text


def test_an_endpoint_that_works_again_is_not_disabled(relay: Relay, world: World, acme: int, inbox: Inbox) -> None:
    inbox.reply = lambda _request: answer(500)
    world.order(acme)
    relay.run(HOOK)
    failing_for(relay, "6 days")
    inbox.reply = lambda _request: answer(200)
    make_due(relay.conn)
    relay.run(HOOK)
    assert (relay.find(HOOK).state, relay.find(HOOK).failing_since) == ("active", None)


class Gate:
    """A behaviour that answers 200 once it is open."""

    def __init__(self) -> None:
        self.opened = threading.Event()
        self.waiting = 0
        self._lock = threading.Lock()

    def __call__(self, visit: Visit) -> None:
        visit.read_request()
        with self._lock:
            self.waiting += 1
        assert self.opened.wait(30)
        visit.socket.sendall(answer(200))


@pytest.fixture
def gate(relay: Relay, receiver: StartReceiver, short_runs: None) -> Gate:
    gate = Gate()
    relay.add(HOOK, receiver(gate).url)
    return gate


def run_in_thread(relay: Relay) -> threading.Thread:
    thread = threading.Thread(target=relay.worker.run, args=[relay.find(HOOK).id])
    thread.start()
    return thread


def test_a_paused_webhook_starts_no_attempt_and_records_those_in_flight(
    relay: Relay, world: World, acme: int, gate: Gate
) -> None:
    for _order in range(60):
        world.order(acme)
    thread = run_in_thread(relay)
    eventually(lambda: gate.waiting == MAX_IN_FLIGHT)
    outlet: Any = relay.worker._lines[relay.find(HOOK).id].outlet
    assert len(outlet._in_flight) == MAX_IN_FLIGHT + MAX_QUEUED
    verbs.pause(relay.conn, relay.find(HOOK), ACTOR)
    # The worker takes back what no thread has begun.
    eventually(lambda: len(outlet._in_flight) == MAX_IN_FLIGHT)
    gate.opened.set()
    thread.join(20)
    assert not thread.is_alive()
    sent = gate.waiting
    assert states(relay.conn).count("delivered") == sent == len(attempts(relay.conn))
    assert sent == MAX_IN_FLIGHT
    relay.run(HOOK)
    assert gate.waiting == sent
    verbs.resume(relay.conn, relay.find(HOOK), ACTOR)
    while relay.run(HOOK):
        pass
    assert gate.waiting == 60
    assert set(states(relay.conn)) == {"delivered"}


def test_a_webhook_that_is_removed_with_requests_in_flight_leaves_nothing_behind(
    relay: Relay, world: World, acme: int, gate: Gate
) -> None:
    for _order in range(3):
        world.order(acme)
    removed = relay.find(HOOK)
    thread = run_in_thread(relay)
    eventually(lambda: gate.waiting == 3)
    verbs.remove(relay.conn, removed, ACTOR)
    gate.opened.set()
    thread.join(20)
    assert not thread.is_alive()
    assert deliveries(relay.conn) == attempts(relay.conn) == []
    with pytest.raises(NoSuchDestination):
        relay.find(HOOK)
    assert relay.worker.run(removed.id) is False
