"""Waves of the relay in streams of NATS JetStream."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from urllib.parse import unquote

import pytest
from nats.js.api import DiscardPolicy

from webapp.relay.senders.base import Acknowledged, BrokerAway, Refused, Unclear

from ..support.brokers.nats_stream import NatsStream
from ..support.brokers.relay_events import message, page, positions


def test_a_wave_is_in_the_stream_in_binary_mode(nats_stream: NatsStream) -> None:
    sent = page(1, 500)
    sender = nats_stream.sender()
    assert positions(sender.send(sent)) == [
        f"stream {nats_stream.name}, sequence {sequence}" for sequence in range(1, 501)
    ]
    sender.close()
    for one, stored in zip(sent, nats_stream.messages(), strict=True):
        headers = dict(stored.headers or {})
        assert stored.subject == f"{nats_stream.name}.acme.paid"
        assert stored.data == one.data
        assert headers.pop("Nats-Msg-Id") == one.id
        assert headers.pop("content-type") == "application/json"
        attributes = {name.removeprefix("ce-"): unquote(value) for name, value in headers.items()}
        assert attributes | {"datacontenttype": "application/json"} == one.attributes


def test_header_values_are_percent_encoded(nats_stream: NatsStream) -> None:
    sender = nats_stream.sender()
    positions(sender.send([replace(message(1), replay='late "100 %" für\r\nall')]))
    sender.close()
    (stored,) = nats_stream.messages()
    assert stored.headers is not None
    assert stored.headers["ce-doorbellreplay"] == "late%20%22100%20%25%22%20f%C3%BCr%0D%0Aall"


def test_the_events_of_an_order_keep_their_order_over_several_waves(nats_stream: NatsStream) -> None:
    sender = nats_stream.sender()
    for first in range(1, 1001, 5):
        positions(sender.send(page(first, first + 4)))
    sender.close()
    by_key: dict[str, list[int]] = {}
    for stored in nats_stream.messages():
        assert stored.headers is not None
        by_key.setdefault(stored.headers["ce-partitionkey"], []).append(json.loads(stored.data)["event_id"])
    assert len(by_key) == 5
    assert all(events == sorted(events) for events in by_key.values())


def test_each_tenant_and_type_has_a_subject(nats_stream: NatsStream) -> None:
    sender = nats_stream.sender()
    positions(sender.send([message(1, tenant="acme"), message(2, tenant="zoo"), message(3, type="shipped")]))
    sender.close()
    rests = [stored.subject.partition(".")[2] for stored in nats_stream.messages()]
    assert rests == ["acme.paid", "zoo.paid", "acme.shipped"]


def test_a_repeat_is_acknowledged_at_the_same_place_and_a_replay_is_sent_again(nats_stream: NatsStream) -> None:
    sender = nats_stream.sender()
    first = sender.send(page(1, 50))
    assert sender.send(page(1, 50)) == first
    replayed = [message(0, event=event, replay="r1") for event in (1, 2)]
    places = positions(sender.send(replayed))
    assert places == [f"stream {nats_stream.name}, sequence {sequence}" for sequence in (51, 52)]
    assert positions(sender.send(replayed)) == places
    positions(sender.send([message(0, event=1, replay="r2")]))
    sender.close()
    assert nats_stream.events == [*range(1, 51), 1, 2, 1]


def test_a_message_above_the_servers_limit_is_refused_and_the_connection_goes_on(nats_stream: NatsStream) -> None:
    sender = nats_stream.sender()
    # The headers count too: this payload alone is below the limit.
    payload = len(message(2).data)
    almost = 2**20 - payload - 10
    large, too_large, small = sender.send(
        [message(1, data_bytes=2**20), message(2, data_bytes=almost), message(3, data_bytes=almost - 1000)]
    )
    assert isinstance(large, Refused)
    assert isinstance(too_large, Refused)
    assert "max_payload" in too_large.reason
    assert isinstance(small, Acknowledged)
    sender.close()
    assert nats_stream.events == [3]


def test_a_message_above_the_streams_limit_is_refused_and_the_others_go_on(nats_stream: NatsStream) -> None:
    nats_stream.delete()
    nats_stream.create(max_msg_size=2000)
    sender = nats_stream.sender()
    first, large, last = sender.send([message(1), message(2, data_bytes=2000), message(3)])
    sender.close()
    assert isinstance(large, Refused)
    assert "message size exceeds maximum allowed" in large.reason
    assert len(positions([first, last])) == 2
    assert nats_stream.events == [1, 3]


@pytest.mark.parametrize(
    ("limit", "words"),
    [({"max_msgs": 3}, "maximum messages exceeded"), ({"max_bytes": 3000}, "maximum bytes exceeded")],
)
def test_a_full_stream_is_a_broker_that_is_away(nats_stream: NatsStream, limit: dict[str, int], words: str) -> None:
    nats_stream.delete()
    nats_stream.create(discard=DiscardPolicy.NEW, **limit)
    sender = nats_stream.sender()
    outcomes = sender.send(page(1, 5))
    taken = nats_stream.events
    assert taken == list(range(1, len(taken) + 1))
    assert len(positions(outcomes[: len(taken)])) == len(taken) > 0
    left = outcomes[len(taken) :]
    assert left
    assert all(isinstance(outcome, Unclear) and words in outcome.reason for outcome in left)
    with pytest.raises(BrokerAway, match=words):
        sender.send(page(len(taken) + 1, 5))
    nats_stream.run(lambda client: client.jetstream().purge_stream(nats_stream.name))
    positions(sender.send(page(len(taken) + 1, 5)))
    sender.close()


def test_without_a_stream_the_error_has_the_command_that_creates_one(nats_stream: NatsStream) -> None:
    nats_stream.delete()
    sender = nats_stream.sender()
    command = f"nats stream add DOORBELL --subjects '{nats_stream.name}.*.*' --storage file --defaults"
    for use in (sender.check, lambda: sender.send(page(1, 2))):
        with pytest.raises(BrokerAway) as away:
            use()
        assert command in str(away.value)
    nats_stream.create()
    positions(sender.send(page(1, 2)))
    nats_stream.delete()
    with pytest.raises(BrokerAway) as away:
        sender.send(page(3, 4))
    assert command in str(away.value)
    sender.close()


def test_a_plain_subscriber_is_not_taken_for_a_stream(nats_stream: NatsStream) -> None:
    nats_stream.delete()
    sender = nats_stream.sender()
    with pytest.raises(BrokerAway, match="no JetStream stream"):
        nats_stream.beside_a_subscriber(b"thanks", lambda: sender.send(page(1, 2)))
    sender.close()


def test_a_subscriber_that_answers_first_does_not_acknowledge(nats_stream: NatsStream) -> None:
    sender = nats_stream.sender()
    outcomes = nats_stream.beside_a_subscriber(b'{"thanks": 1}', lambda: sender.send(page(1, 50)))
    sender.close()
    assert len(positions(outcomes)) == 50


def test_a_subject_that_the_streams_leave_out_is_refused_and_the_others_go_on(nats_stream: NatsStream) -> None:
    nats_stream.delete()
    nats_stream.create(subjects=[f"{nats_stream.name}.acme.*"])
    sender = nats_stream.sender()
    first, unroutable, last = sender.send([message(1), message(2, tenant="zoo"), message(3)])
    assert len(positions([first, last])) == 2
    assert isinstance(unroutable, Refused)
    assert f"no stream has the subject '{nats_stream.name}.zoo.paid'" in unroutable.reason
    (alone,) = sender.send([message(2, tenant="zoo")])
    assert isinstance(alone, Refused)
    sender.close()


@pytest.mark.parametrize("tenant", ["a b", "a..b", "a*", ">", ""])
def test_a_name_that_makes_no_subject_is_refused(nats_stream: NatsStream, tenant: str) -> None:
    sender = nats_stream.sender()
    refused, sent = sender.send([message(1, tenant=tenant), message(2)])
    sender.close()
    assert isinstance(refused, Refused)
    assert "not a valid subject" in refused.reason
    assert isinstance(sent, Acknowledged)


def test_the_check_names_the_server_the_stream_and_its_window_and_sends_nothing(nats_stream: NatsStream) -> None:
    sender = nats_stream.sender()
    description = sender.check()
    sender.close()
    assert description.startswith("NATS 2.")
    assert description.endswith(f"stream {nats_stream.name} (drops repeats within 120 s)")
    assert nats_stream.messages() == []


def test_a_closed_sender_can_be_used_again_and_close_ends_its_thread(nats_stream: NatsStream) -> None:
    before = threading.active_count()
    sender = nats_stream.sender()
    positions(sender.send(page(1, 1)))
    assert threading.active_count() == before + 1
    sender.close()
    assert threading.active_count() == before
    positions(sender.send(page(2, 2)))
    sender.close()
    sender.close()
    assert nats_stream.events == [1, 2]
