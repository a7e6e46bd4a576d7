"""Faults of NATS: away, killed, stopped, answers lost."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from webapp.relay.message import Message
from webapp.relay.senders.base import Acknowledged, BrokerAway, Unclear
from webapp.relay.senders.nats_jetstream import NatsSender

from ..support.brokers.answers import AnswerProxy
from ..support.brokers.nats_server import NatsServer
from ..support.brokers.nats_stream import NatsStream
from ..support.brokers.relay_events import ORDERS, message, page, positions
from ..support.running_time import running_time
from ..support.wait import eventually

WAVES, ACKNOWLEDGEMENT = 1_000, b'"seq"'


def send_until_acknowledged(sender: NatsSender, sent: list[Message], faults: list[str]) -> None:
    """As the relay does: what is not acknowledged is sent again with the same ids, after every fault."""
    deadline = time.monotonic() + 60
    left = sent
    while left:
        assert time.monotonic() < deadline, faults[-1]
        try:
            outcomes = sender.send(left)
        except BrokerAway as away:
            faults.append(str(away))
            continue
        faults += [outcome.reason for outcome in outcomes if isinstance(outcome, Unclear)]
        left = [one for one, outcome in zip(left, outcomes, strict=True) if not isinstance(outcome, Acknowledged)]


def test_a_kill_with_messages_in_flight_loses_and_doubles_nothing(
    new_nats_server: NatsServer, new_nats_stream: NatsStream
) -> None:
    faults: list[str] = []
    sender = new_nats_stream.sender()
    done = 0

    def send_all() -> None:
        nonlocal done
        # A wave has one message per order.
        for first in range(1, WAVES * ORDERS, ORDERS):
            send_until_acknowledged(sender, page(first, first + ORDERS - 1), faults)
            done += 1

    worker = threading.Thread(target=send_all)
    worker.start()
    for waves in (WAVES // 5, WAVES // 2):
        eventually(lambda waves=waves: done >= waves, 60)
        new_nats_server.restart()
    worker.join(90)
    sender.close()
    assert not worker.is_alive()
    assert faults
    events = new_nats_stream.events
    assert sorted(events) == list(range(1, WAVES * ORDERS + 1))
    for order in range(ORDERS):
        assert [event for event in events if event % ORDERS == order] == sorted(
            event for event in events if event % ORDERS == order
        )


def test_messages_in_flight_of_a_killed_server_are_unclear_at_once(
    new_nats_server: NatsServer, new_nats_stream: NatsStream
) -> None:
    proxy = AnswerProxy(new_nats_server.port, ACKNOWLEDGEMENT)
    proxy.start()
    sender = new_nats_stream.sender(f"nats://127.0.0.1:{proxy.port}")
    try:
        positions(sender.send(page(1, 5)))
        proxy.on_sign, proxy.cuts = new_nats_server.kill, True
        with running_time() as seconds:
            outcomes = sender.send(page(6, 505))
            assert seconds() < 5
        for outcome in outcomes:
            assert isinstance(outcome, Unclear)
            assert "the connection to NATS was lost" in outcome.reason
        with pytest.raises(BrokerAway):
            sender.send(page(6, 505))
        proxy.cuts = False
        proxy.on_sign = None
        new_nats_server.start()
        positions(sender.send(page(6, 505)))
        sender.close()
        assert new_nats_stream.events == list(range(1, 506))
    finally:
        proxy.close()


def test_a_wave_whose_acknowledgements_are_lost_is_unclear_and_not_doubled(
    nats_server: NatsServer, nats_stream: NatsStream
) -> None:
    proxy = AnswerProxy(nats_server.port, ACKNOWLEDGEMENT)
    proxy.start()
    sender = nats_stream.sender(f"nats://127.0.0.1:{proxy.port}")
    try:
        sender.check()
        proxy.cuts = True
        assert {type(outcome) for outcome in sender.send(page(1, 20))} == {Unclear}
        assert nats_stream.events == list(range(1, 21))
        proxy.cuts = False
        assert positions(sender.send(page(1, 20)))[0] == f"stream {nats_stream.name}, sequence 1"
        sender.close()
        assert nats_stream.events == list(range(1, 21))
    finally:
        proxy.close()


def test_a_stopped_server_makes_a_wave_unclear_at_the_deadline(
    new_nats_server: NatsServer, new_nats_stream: NatsStream
) -> None:
    sender = new_nats_stream.sender(seconds=4)
    positions(sender.send(page(1, 5)))
    with new_nats_server.stop_for_a_while():
        begin = time.monotonic()
        # So much that sending itself may wait for the server.
        sent = [message(sequence, data_bytes=6_000) for sequence in range(6, 1006)]
        outcomes = sender.send(sent)
        assert {type(outcome) for outcome in outcomes} == {Unclear}
        assert "did not acknowledge within 4 s" in str(outcomes[0])
        with pytest.raises(BrokerAway, match="did not answer in time"):
            sender.send(sent)
        assert time.monotonic() - begin < 15
    send_until_acknowledged(sender, sent, [])
    sender.close()
    assert new_nats_stream.events == list(range(1, 1006))


def words_of_away(use: Callable[[], object]) -> str:
    """The words of BrokerAway; "" while the client has not noticed yet that the connection is gone."""
    try:
        use()
    except BrokerAway as away:
        return str(away)
    return ""


def test_a_server_that_is_away_is_used_again_when_it_returns(
    new_nats_server: NatsServer, new_nats_stream: NatsStream
) -> None:
    sender = new_nats_stream.sender()
    positions(sender.send(page(1, 5)))
    new_nats_server.kill()
    for use in (sender.check, lambda: sender.send(page(6, 10))):
        eventually(lambda use=use: "Connection refused" in words_of_away(use))
    new_nats_server.start()
    positions(sender.send(page(6, 10)))
    sender.close()
    assert new_nats_stream.events == list(range(1, 11))


def test_one_of_several_hosts_is_enough(nats_server: NatsServer, nats_stream: NatsStream) -> None:
    # The client tries the hosts in a random sequence.
    for first in range(1, 40, 5):
        sender = nats_stream.sender(f"nats://127.0.0.1:1,127.0.0.1:{nats_server.port}")
        positions(sender.send(page(first, first + 4)))
        sender.close()
    assert nats_stream.events == list(range(1, 41))
