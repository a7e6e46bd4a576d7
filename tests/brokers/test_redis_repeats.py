"""Repeats, other events and replays in streams of Redis and Valkey: what is there already is recognized by its id."""

from __future__ import annotations

from itertools import count

import pytest

from webapp.relay.senders.base import SequenceUsed, Unclear

from ..support.brokers.answers import AnswerProxy
from ..support.brokers.redis_stream import RedisStream
from ..support.brokers.relay_events import message, page, positions

FIRST_ID = 10**12


def port(stream: RedisStream) -> int:
    return int(stream.client.connection_pool.connection_kwargs["port"])


def test_a_repeated_page_is_acknowledged_and_not_written_again(stream: RedisStream) -> None:
    sender = stream.sender()
    first = sender.send(page(1, 20))
    assert sender.send(page(1, 20)) == first
    assert stream.sender().send(page(1, 20)) == first
    assert stream.events == list(range(1, 21))


def test_a_page_that_was_written_in_part_is_completed(stream: RedisStream) -> None:
    positions(stream.sender().send(page(1, 5)))
    positions(stream.sender().send(page(1, 10)))
    assert stream.events == list(range(1, 11))


def test_another_event_at_the_id_asks_for_a_new_incarnation_and_nothing_is_written(stream: RedisStream) -> None:
    positions(stream.sender().send(page(1, 5)))
    other = [message(sequence, event=100 + sequence) for sequence in (5, 6)]
    with pytest.raises(SequenceUsed, match="another event"):
        stream.sender().send(other)
    assert stream.events == [1, 2, 3, 4, 5]
    again = [message(sequence, event=100 + sequence, incarnation=2) for sequence in (5, 6)]
    positions(stream.sender().send(again))
    assert stream.events == [1, 2, 3, 4, 5, 105, 106]


def test_ids_that_redis_made_itself_lie_between_the_first_two_incarnations(stream: RedisStream) -> None:
    stream.add_other("*")
    with pytest.raises(SequenceUsed):
        stream.sender().send(page(1, 1))
    positions(stream.sender().send([message(1, incarnation=2)]))
    stream.add_other("*")
    positions(stream.sender().send([message(2, incarnation=2)]))
    assert stream.ids[1:] == [f"{2 * FIRST_ID + 1}-0", f"{2 * FIRST_ID + 1}-1", f"{2 * FIRST_ID + 2}-0"]


def test_a_trimmed_entry_is_acknowledged_when_a_later_one_of_its_page_is_there(stream: RedisStream) -> None:
    positions(stream.sender().send(page(1, 10)))
    stream.client.xtrim(stream.name, maxlen=2, approximate=False)
    positions(stream.sender().send(page(1, 10)))
    assert stream.events == [9, 10]


def test_a_page_of_which_nothing_is_left_is_sent_again_rather_than_lost(stream: RedisStream) -> None:
    positions(stream.sender().send(page(1, 10)))
    stream.client.xdel(stream.name, *stream.ids)
    with pytest.raises(SequenceUsed, match="no longer there"):
        stream.sender().send(page(1, 10))


def test_a_replay_goes_above_the_newest_entry_and_below_the_next_message(stream: RedisStream) -> None:
    sender = stream.sender()
    positions(sender.send(page(1, 3)))
    replayed = [message(0, event=event, replay="r1") for event in (1, 2)]
    assert positions(stream.sender().send(replayed)) == [f"{FIRST_ID + 3}-1", f"{FIRST_ID + 3}-2"]
    positions(sender.send(page(4, 5)))
    assert positions(sender.send(page(1, 5))) == [f"{FIRST_ID + sequence}-0" for sequence in range(1, 6)]
    assert stream.events == [1, 2, 3, 1, 2, 4, 5]
    assert [fields.get("replay") for _, fields in stream.entries()] == [None, None, None, "r1", "r1", None, None]


def test_a_replay_may_be_the_first_in_a_stream(stream: RedisStream) -> None:
    assert positions(stream.sender().send([message(0, event=7, replay="r1")])) == ["0-1"]
    positions(stream.sender().send(page(1, 1)))
    assert stream.events == [7, 1]


@pytest.mark.parametrize("replay", [None, "r1"])
def test_a_page_whose_answer_is_lost_is_unclear_and_not_doubled(stream: RedisStream, replay: str | None) -> None:
    # The answer to EXEC is the only list of 23: before it, the page may not be written yet.
    proxy = AnswerProxy(port(stream), b"*23\r\n")
    proxy.start()
    sent = [message(sequence, replay=replay) for sequence in range(1, 24)]
    try:
        sender = stream.sender(port=proxy.port)
        proxy.cuts = True
        assert {type(outcome) for outcome in sender.send(sent)} == {Unclear}
        assert stream.events == list(range(1, 24))
        proxy.cuts = False
        assert positions(sender.send(sent)) == stream.ids
        assert stream.events == list(range(1, 24))
        sender.close()
    finally:
        proxy.close()


def test_another_writer_between_reading_and_writing_leaves_no_half_page(stream: RedisStream) -> None:
    positions(stream.sender().send(page(1, 1)))
    proxy = AnswerProxy(port(stream), b"last-generated-id")
    proxy.start()

    def add_once() -> None:
        proxy.on_sign = None
        stream.add_other(f"{FIRST_ID + 3}-0")

    try:
        proxy.on_sign = add_once
        sender = stream.sender(port=proxy.port)
        with pytest.raises(SequenceUsed):
            sender.send(page(2, 5))
        assert stream.ids == [f"{FIRST_ID + 1}-0", f"{FIRST_ID + 3}-0"]
        sender.close()
    finally:
        proxy.close()


def test_a_consumer_that_deletes_all_the_time_does_not_hold_up_the_relay(stream: RedisStream) -> None:
    positions(stream.sender().send(page(1, 100)))
    proxy = AnswerProxy(port(stream), b"last-generated-id")
    proxy.start()
    oldest = count(1)
    try:
        proxy.on_sign = lambda: stream.client.xdel(stream.name, f"{FIRST_ID + next(oldest)}-0")
        sender = stream.sender(port=proxy.port)
        positions(sender.send(page(101, 105)))
        assert stream.events[-6:] == [100, 101, 102, 103, 104, 105]
        assert proxy.seen == 2
        sender.close()
    finally:
        proxy.close()


def test_replays_and_messages_of_two_senders_do_not_disturb_one_another(stream: RedisStream) -> None:
    positions(stream.sender().send(page(1, 1)))
    proxy = AnswerProxy(port(stream), b"last-generated-id")
    proxy.start()

    def replay_once() -> None:
        proxy.on_sign = None
        positions(stream.sender().send([message(0, event=1, replay="r1")]))

    try:
        proxy.on_sign = replay_once
        sender = stream.sender(port=proxy.port)
        positions(sender.send(page(2, 3)))
        assert stream.events == [1, 1, 2, 3]
        sender.close()
    finally:
        proxy.close()
