"""The message of an event: its id, its key, its sequence, and the names that it fills."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta, timezone

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.relay.message import Message

from ..support.diffs import RELAY
from ..support.event_messages import PAID, message, relayed
from ..support.world import World

SEQUENCES = st.integers(1, 2**63 - 1)


def test_a_repeat_has_the_same_bytes(world: World, conn: psycopg.Connection) -> None:
    world.order(world.tenant(), paid_at=world.now())
    first, again = relayed(conn), relayed(conn)
    assert len(first) == 2
    assert [(sent.id, sent.structured, sent.data) for sent in first] == [
        (sent.id, sent.structured, sent.data) for sent in again
    ]
    assert len({sent.id for sent in first}) == 2


def test_an_id_differs_from_that_of_the_event_that_a_restore_removed(world: World, conn: psycopg.Connection) -> None:
    tenant = world.tenant()
    world.order(tenant)
    (lost,) = relayed(conn)
    # As after a point-in-time restore to the moment before this event.
    conn.execute("DELETE FROM orders")
    conn.execute("DELETE FROM order_events")
    conn.execute(f"ALTER TABLE order_events ALTER id RESTART WITH {lost.event.id}")
    RELAY.delete(conn)
    world.order(tenant)
    (new,) = relayed(conn)
    assert new.event.id == lost.event.id
    assert new.id != lost.id


def test_an_id_has_the_event_and_the_microsecond_of_its_record() -> None:
    assert message().id == "42-1767348000000005"
    later = message(PAID._replace(recorded_at=PAID.recorded_at + timedelta(microseconds=1)))
    assert later.id == "42-1767348000000006"


def test_the_id_does_not_depend_on_the_destination_or_on_the_order_of_today() -> None:
    others = (
        message(sequence=9),
        message(incarnation=3),
        message(replay="spring"),
        message(number=None, currency=None),
    )
    assert {other.id for other in others} == {message().id}


@given(SEQUENCES, SEQUENCES)
def test_sequences_sort_as_texts(one: int, other: int) -> None:
    first, second = (message(sequence=number).attributes["sequence"] for number in (one, other))
    assert (first < second) == (one < other)
    assert len(first) == len(second)


def test_a_replay_has_no_sequence_and_no_incarnation() -> None:
    attributes = message(replay="spring").attributes
    assert attributes["doorbellreplay"] == "spring"
    assert not {"sequence", "incarnation"} & attributes.keys()
    ordinary = message(incarnation=3).attributes
    assert (ordinary["incarnation"], ordinary.get("doorbellreplay")) == ("3", None)


def test_messages_of_one_order_have_one_key_and_others_have_another() -> None:
    shipped = message(PAID._replace(id=43, type="shipped"), sequence=2)
    assert message().key == shipped.key == shipped.attributes["partitionkey"] == "acme/7"
    assert message(PAID._replace(order_id=8)).key != message().key
    assert message(tenant="other").key != message().key


def test_amounts_and_ids_are_integers_and_times_are_in_utc() -> None:
    event = PAID._replace(
        amount_minor=10**15,
        old_values='{"placed_at": "2026-01-02T11:00:00.5+01:00", "paid_at": null, "customer": "2026-01-02"}',
        new_values='{"placed_at": "infinity"}',
    )
    data = json.loads(message(event).data)
    assert data["amount_minor"] == 10**15
    assert data["old"] == {"placed_at": "2026-01-02T10:00:00.500000Z", "paid_at": None, "customer": "2026-01-02"}
    assert data["new"] == {"placed_at": "infinity"}
    assert data["occurred_at"] == "2026-01-02T10:00:00.000005Z"


def test_a_time_at_a_whole_second_has_microseconds_too() -> None:
    berlin = timezone(timedelta(hours=1))
    moment = PAID.recorded_at.replace(microsecond=0).astimezone(berlin)
    assert message(PAID._replace(occurred_at=moment)).attributes["time"] == "2026-01-02T10:00:00.000000Z"


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("doorbell:{tenant}:orders", "doorbell:acme:orders"),
        ("doorbell.{tenant}.orders.{type}", "doorbell.acme.orders.paid"),
        ("{tenant}/{order_id}/{tenant}", "acme/7/acme"),
        ("doorbell.orders", "doorbell.orders"),
        ("{number}", "{number}"),
    ],
)
def test_a_name_is_filled_with_tenant_type_and_order(template: str, expected: str) -> None:
    assert message().fill(template) == expected


def test_a_message_cannot_be_changed() -> None:
    sent: Message = message()
    with pytest.raises(AttributeError):
        sent.sequence = 2  # type: ignore[misc]
    assert replace(sent, sequence=2).structured != sent.structured


@pytest.mark.parametrize("replay", [None, "spring"])
def test_the_messages_of_a_page_equal_those_made_one_by_one(replay: str | None) -> None:
    whole_second = PAID._replace(id=43, occurred_at=PAID.occurred_at.replace(microsecond=0))
    orders = [("acme", "SHOP-1", "EUR"), ("globex", None, None)]
    page = Message.of_page([PAID, whole_second], orders, 8, 2, replay)
    alone = [Message(PAID, *orders[0], 8, 2, replay), Message(whole_second, *orders[1], 9, 2, replay)]
    assert page == alone
    for one, other in zip(page, alone, strict=True):
        assert (one.id, one.key, one.attributes) == (other.id, other.key, other.attributes)
        assert (one.data, one.structured) == (other.data, other.structured)


def test_texts_with_quotes_backslashes_and_control_characters_arrive_as_they_are() -> None:
    text = 'a "quoted" \\ text,\twith\nlines, \x1f, é and 日本'
    sent = message(PAID._replace(via=text), number=text, currency=None)
    data = json.loads(sent.data)
    assert (data["number"], data["via"], data["currency"]) == (text, text, None)
    assert json.loads(sent.structured)["data"] == data


def test_values_are_sent_as_the_database_wrote_them() -> None:
    values = '{"total_minor": 9007199254740993, "note": "1.10", "share": 1.10}'
    assert values.encode() in message(PAID._replace(new_values=values)).data
