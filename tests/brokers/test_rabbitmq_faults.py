"""RabbitMQ is killed, stopped, cut off or out of memory under the sender: nothing acknowledged is lost, and `send` ends."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from webapp.relay.address import parse
from webapp.relay.message import Message
from webapp.relay.senders import rabbitmq, rabbitmq_channel
from webapp.relay.senders.base import BrokerAway, Outcome, Unclear
from webapp.relay.senders.rabbitmq import RabbitmqSender

from ..support.brokers.cut_answers import CutAnswers
from ..support.brokers.rabbitmq_queues import Queues, address, control, write_definitions
from ..support.brokers.rabbitmq_server import RabbitmqServer
from ..support.redis_servers import TlsFront
from ..support.relay_messages import kinds, message, wave
from ..support.running_time import running_time
from ..support.wait import eventually

DEADLINE_SECONDS = 2.0
ORDERS, WAVES, WAVE_OF_KILL = 40, 12, 4


@pytest.fixture
def short_deadlines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rabbitmq, "DEADLINE_SECONDS", DEADLINE_SECONDS)
    monkeypatch.setattr(rabbitmq_channel, "CONNECT_SECONDS", DEADLINE_SECONDS)


@pytest.fixture
def killable(new_rabbitmq_server: RabbitmqServer, place: str) -> RabbitmqServer:
    """With the exchange and the queue `place`, which survive a kill."""
    with Queues(new_rabbitmq_server) as queues:
        # A quorum queue of RabbitMQ 3.10 may stay without a leader after a kill of its only node.
        queues.declare(place, "#", queue_type="classic")
    write_definitions(new_rabbitmq_server)
    return new_rabbitmq_server


@pytest.fixture
def cutting(rabbitmq_server: RabbitmqServer) -> Iterator[CutAnswers]:
    proxy = CutAnswers(rabbitmq_server.port).start()
    yield proxy
    proxy.close()


@pytest.mark.timeout(300)
def test_a_killed_server_has_every_confirmed_message_in_the_order_of_its_key(
    killable: RabbitmqServer, place: str, short_deadlines: None
) -> None:
    sender = RabbitmqSender(address(killable, place))
    confirmed: list[Message] = []
    outages = 0
    restart = threading.Thread(target=killable.restart)
    for number in range(WAVES):
        open_messages = [message(order_id=order) for order in range(ORDERS)]
        if number == WAVE_OF_KILL:
            restart.start()
        deadline = time.monotonic() + 100
        while open_messages:
            assert time.monotonic() < deadline
            try:
                outcomes = sender.send(open_messages)
            except BrokerAway:
                outages += 1
                continue
            assert "Refused" not in kinds(outcomes)
            pairs = list(zip(open_messages, kinds(outcomes), strict=True))
            confirmed += [each for each, kind in pairs if kind == "Acknowledged"]
            open_messages = [each for each, kind in pairs if kind == "Unclear"]
    restart.join()
    sender.close()
    assert outages
    with Queues(killable) as queues:
        stored = queues.ids(place)
    assert set(stored) >= {each.id for each in confirmed}
    first = {message_id: position for position, message_id in reversed(list(enumerate(stored)))}
    for order in range(ORDERS):
        places = [first[each.id] for each in confirmed if each.event.order_id == order]
        assert len(places) == WAVES
        assert places == sorted(places)


@pytest.mark.timeout(300)
def test_messages_in_flight_at_a_kill_are_unclear_and_the_same_sender_goes_on_after_the_restart(
    killable: RabbitmqServer, place: str
) -> None:
    sender = RabbitmqSender(address(killable, place))
    assert kinds(sender.send(wave(1))) == ["Acknowledged"]
    messages = [message(size=20_000) for _ in range(3_000)]
    outcomes: list[Outcome] = []
    sending = threading.Thread(target=lambda: outcomes.extend(sender.send(messages)))
    with Queues(killable) as queues:
        sending.start()
        eventually(lambda: queues.count(place) > 100)
    killable.kill()
    sending.join(10)
    assert not sending.is_alive()
    unclear = [outcome for outcome in outcomes if isinstance(outcome, Unclear)]
    assert "was lost before the confirmation" in unclear[0].reason
    with pytest.raises(BrokerAway, match="cannot be reached: Connection refused"):
        sender.send(wave(1))
    killable.start()
    open_messages = [each for each, outcome in zip(messages, outcomes, strict=True) if isinstance(outcome, Unclear)]
    assert set(kinds(sender.send(open_messages))) == {"Acknowledged"}
    with Queues(killable) as queues:
        assert set(queues.ids(place)) >= {each.id for each in messages}
    # The sender notices the restart before it publishes, so nothing is unclear.
    killable.restart()
    assert kinds(sender.send(wave(2))) == ["Acknowledged"] * 2
    sender.close()


def test_lost_answers_leave_a_wave_unclear_and_its_repeat_has_the_same_ids(
    rabbitmq_server: RabbitmqServer, cutting: CutAnswers, place: str
) -> None:
    with Queues(rabbitmq_server) as queues:
        queues.declare(place, "#")
        sender = RabbitmqSender(address(rabbitmq_server, place, cutting.port))
        assert kinds(sender.send([message()])) == ["Acknowledged"]
        queues.read(place)
        cutting.is_cutting = True
        messages = wave(20)
        assert set(kinds(sender.send(messages))) == {"Unclear"}
        assert cutting.cuts == 1
        cutting.is_cutting = False
        assert set(kinds(sender.send(messages))) == {"Acknowledged"}
        stored = queues.ids(place)
        sender.close()
    assert set(stored) == {each.id for each in messages}
    assert len(stored) > len(messages)


def test_a_stopped_server_ends_a_wave_at_the_deadline(
    new_rabbitmq_server: RabbitmqServer, place: str, short_deadlines: None
) -> None:
    with Queues(new_rabbitmq_server) as queues:
        queues.declare(place, "#")
    sender = RabbitmqSender(address(new_rabbitmq_server, place))
    assert kinds(sender.send(wave(1))) == ["Acknowledged"]
    messages = wave(50)
    with new_rabbitmq_server.stop_for_a_while(), running_time() as seconds:
        outcomes = sender.send(messages)
        assert set(kinds(outcomes)) == {"Unclear"}
        assert seconds() < DEADLINE_SECONDS + 1
        with pytest.raises(BrokerAway, match="did not answer within 2 s"):
            sender.send(messages)
        assert seconds() < 2 * DEADLINE_SECONDS + 2
    assert set(kinds(eventually_sent(sender, messages))) == {"Acknowledged"}
    sender.close()
    with Queues(new_rabbitmq_server) as queues:
        assert set(queues.ids(place)) >= {each.id for each in messages}


def test_a_memory_alarm_is_an_outage_that_adds_one_copy_of_one_wave(
    new_rabbitmq_server: RabbitmqServer, place: str, short_deadlines: None
) -> None:
    with Queues(new_rabbitmq_server) as queues:
        queues.declare(place, "#")
    sender = RabbitmqSender(address(new_rabbitmq_server, place))
    control(new_rabbitmq_server, "set_vm_memory_high_watermark", "0.0001")
    messages = wave(20)
    outcomes = sender.send(messages)
    assert set(kinds(outcomes)) == {"Unclear"}
    assert isinstance(outcomes[0], Unclear)
    assert "its memory or disk is full (alarm)" in outcomes[0].reason
    for _ in range(3):
        with running_time() as seconds:
            with pytest.raises(BrokerAway, match=r"its memory or disk is full \(alarm\)"):
                sender.send(messages)
            assert seconds() < 1
    control(new_rabbitmq_server, "set_vm_memory_high_watermark", "0.6")
    assert set(kinds(eventually_sent(sender, messages))) == {"Acknowledged"}
    sender.close()
    with Queues(new_rabbitmq_server) as queues:
        assert set(Counter(queues.ids(place)).values()) == {2}


def test_tls_checks_the_certificate_and_the_name_of_the_server(
    rabbitmq_server: RabbitmqServer, place: str, tmp_path: Path
) -> None:
    with Queues(rabbitmq_server) as queues:
        queues.declare(place, "#")
    front = TlsFront(tmp_path, rabbitmq_server.port)
    try:
        url = f"amqps://{rabbitmq_server.credentials}@{{host}}:{front.port}?exchange={place}"
        trusted = f"&ca_file={front.certificate}"
        sender = RabbitmqSender(parse(url.format(host="localhost") + trusted))
        assert kinds(sender.send(wave(100))) == ["Acknowledged"] * 100
        # TLS reports data to read where there is none for AMQP.
        assert kinds(sender.send(wave(100))) == ["Acknowledged"] * 100
        sender.close()
        for wrong in (url.format(host="localhost"), url.format(host="127.0.0.1") + trusted):
            with pytest.raises(BrokerAway, match="has a certificate that is not accepted"):
                RabbitmqSender(parse(wrong)).check()
    finally:
        front.close()


def eventually_sent(sender: RabbitmqSender, messages: list[Message]) -> list[Outcome]:
    def sent() -> list[Outcome]:
        try:
            return sender.send(messages)
        except BrokerAway as error:
            raise AssertionError(error) from error

    return eventually(sent)
