"""Messages of real order changes are valid by docs/events/, and say the same in both modes of CloudEvents."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import psycopg
import pytest
from cloudevents.core.bindings.http import HTTPMessage, from_binary
from cloudevents.core.formats.json import JSONFormat
from jsonschema import Draft202012Validator

from webapp.comments import writing
from webapp.events import catalog, schemas
from webapp.money import MAX_MINOR
from webapp.relay.message import Message

from ..support.editors import manager
from ..support.event_messages import message, relayed
from ..support.orders import PAID
from ..support.world import World

STRANGE = 'Łódź 🏬 "quoted" \\ \u2028 \x01'
EVERY_TIME: dict[str, Any] = {"paid_at": PAID, "shipped_at": PAID, "cancelled_at": PAID}
STATES: tuple[dict[str, Any], ...] = ({}, *({name: at} for name, at in EVERY_TIME.items()))


@cache
def validator(type_name: str) -> Draft202012Validator:
    return Draft202012Validator(json.loads((schemas.FOLDER / f"{type_name}.schema.json").read_text()))


def faults(sent: Message | dict[str, Any]) -> list[str]:
    document = json.loads(sent.structured) if isinstance(sent, Message) else sent
    type_name = document["type"].removeprefix("doorbell.order.")
    return [f"{error.json_path}: {error.message}" for error in validator(type_name).iter_errors(document)]


def inserted_in_every_state(world: World) -> None:
    tenant = world.tenant()
    ana = world.user(tenant)
    world.order(tenant, owner_id=ana)
    for columns in (*STATES, EVERY_TIME):
        world.order(tenant, **columns)
    for refunded in (1, 1000):
        world.order(tenant, paid_at=PAID, refunded_minor=refunded)
        world.order(tenant, refunded_minor=refunded, **EVERY_TIME)


def changed_through_every_state(world: World) -> None:
    tenant = world.tenant()
    for columns in STATES:
        world.change(world.order(tenant), customer="Hanari Carnes", **columns)
    world.change(world.order(tenant), **EVERY_TIME)
    order = world.order(tenant)
    for change in (
        {"shipped_at": PAID},
        {"paid_at": PAID},
        {"refunded_minor": 300},
        {"refunded_minor": 1000, "refunded_at": PAID},
        {"refunded_minor": 0},
        {"cancelled_at": PAID},
        {"paid_at": None},
        {"paid_at": PAID, "refunded_minor": 5},
    ):
        world.change(order, **change)


def edited_in_every_column(world: World) -> None:
    tenant = world.tenant()
    order = world.order(tenant, **EVERY_TIME)
    later = "2026-02-03 04:05:06.7+00"
    for change in (
        {"number": "N" * 64},
        {"number": STRANGE},
        {"customer": ""},
        {"customer": STRANGE},
        {"customer": "🏬" * 500},
        {"total_minor": 0},
        {"total_minor": MAX_MINOR, "placed_at": later},
        {"paid_at": later},
        {"shipped_at": None, "cancelled_at": None},
        {"paid_at": None, "total_minor": 1},
    ):
        world.change(order, **change)


def reassigned_to_each_and_to_none(world: World) -> None:
    tenant = world.tenant()
    ana, ben = world.user(tenant), world.user(tenant, "Ben Okafor")
    order = world.order(tenant)
    for owner in (ana, ben, None):
        world.change(order, owner_id=owner)


def commented_and_corrected(world: World) -> None:
    tenant = world.tenant()
    ana = world.user(tenant)
    order = world.order(tenant, number="7", **EVERY_TIME)
    comment = writing.add(tenant, "7", STRANGE, by=manager(ana)).comment_id
    writing.remove(tenant, "7", comment, user_id=ana, removes_all=False)
    world.change(order, cancelled_at=None)
    world.conn.execute("SELECT set_config('doorbell.reason', %s, false)", [STRANGE * 20])
    world.change(order, paid_at=None)
    world.change(order, shipped_at=None)


def deleted_and_truncated(world: World) -> None:
    tenant = world.tenant()
    world.order(tenant, number=STRANGE, customer="")
    for columns in STATES:
        world.order(tenant, **columns)
    world.conn.execute("DELETE FROM orders WHERE paid_at IS NULL")
    world.conn.execute("TRUNCATE orders CASCADE")


def of_currencies_without_and_with_three_decimals(world: World) -> None:
    for currency in ("JPY", "KWD"):
        tenant = world.tenant(f"in-{currency.lower()}", currency=currency)
        order = world.order(tenant, MAX_MINOR, currency=currency, paid_at=PAID, refunded_minor=MAX_MINOR - 1)
        world.change(order, refunded_minor=0)
    tenant = world.tenant("moved")
    world.conn.execute("UPDATE tenants SET currency = 'USD' WHERE id = %s", [tenant])
    world.order(tenant, currency="USD")


def written_in_zones_of_the_past(world: World) -> None:
    """An offset with seconds, which RFC 3339 does not allow."""
    world.conn.execute("SET TimeZone = 'Africa/Monrovia'")
    tenant = world.tenant()
    order = world.order(tenant, placed_at="1900-01-01 00:00:00.000001+00")
    world.change(order, placed_at="8999-12-31 23:59:59.999999+00", paid_at="1950-05-05 05:05+00")
    world.change(order, paid_at="1960-06-06 06:06+00")
    world.conn.execute("DELETE FROM orders")


def by_users_and_programs(world: World) -> None:
    tenant = world.tenant()
    ana = world.user(tenant)
    world.conn.execute("SELECT set_config('doorbell.actor', %s, false)", [str(ana)])
    world.order(tenant, owner_id=ana)
    for name in ("", "Kasse \U0001f3ec", "x" * 200):
        world.conn.execute("SELECT set_config('application_name', %s, false)", [name])
        world.order(tenant)


STORIES = (
    inserted_in_every_state,
    changed_through_every_state,
    edited_in_every_column,
    reassigned_to_each_and_to_none,
    commented_and_corrected,
    deleted_and_truncated,
    of_currencies_without_and_with_three_decimals,
    written_in_zones_of_the_past,
    by_users_and_programs,
)


@pytest.mark.usefixtures("app_context")
@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
def test_every_message_of_real_changes_is_valid(
    world: World, conn: psycopg.Connection, story: Callable[[World], None]
) -> None:
    story(world)
    messages = relayed(conn)
    assert len(messages) == len(world.events()) > 3
    assert [(message.event, fault) for message in messages for fault in faults(message)] == []
    for sent in messages:
        says_the_same_in_both_modes(sent)
        old, new = (json.loads(text or "{}") for text in (sent.event.old_values, sent.event.new_values))
        assert sent.event.type != "edited" or (old and new and old.keys() == new.keys())


def says_the_same_in_both_modes(sent: Message) -> None:
    """The cloudevents package checks the attributes when it reads them."""
    structured = JSONFormat().read(None, sent.structured)
    headers = {
        "content-type" if name == "datacontenttype" else f"ce-{name}": value for name, value in sent.attributes.items()
    }
    binary = from_binary(HTTPMessage(headers, sent.data), JSONFormat())
    attributes = structured.get_attributes()
    assert attributes.pop("timestamp") == sent.attributes["time"]
    assert attributes == binary.get_attributes()
    assert structured.get_data() == binary.get_data() == json.loads(sent.data)
    assert all(value.isascii() and value.isprintable() for value in sent.attributes.values())


@pytest.mark.usefixtures("app_context")
def test_the_changes_make_every_type_from_an_insert_and_from_an_update(world: World, conn: psycopg.Connection) -> None:
    for number, story in enumerate(STORIES[:6]):
        story(world)
        world.conn.execute("UPDATE tenants SET slug = 'story-%s' WHERE slug = 'acme'" % number)  # noqa: UP031
    seen = {(sent.event.type, sent.event.old_values is None) for sent in relayed(conn)}
    assert {type_name for type_name, _ in seen} == set(catalog.TYPES)
    for type_name in ("paid", "shipped", "refunded", "cancelled"):
        assert {(type_name, True), (type_name, False)} <= seen


@pytest.mark.parametrize("mark", [{"replay": "2026-01-02 spring"}, {"is_test": True}], ids=["replay", "test"])
def test_a_replay_and_a_sample_are_valid_without_a_sequence(
    world: World, conn: psycopg.Connection, mark: dict[str, Any]
) -> None:
    world.order(world.tenant())
    (sent,) = relayed(conn)
    marked = message(sent.event, **mark)
    assert "sequence" not in marked.attributes
    assert faults(marked) == []
    assert faults(replace(marked, event=sent.event._replace(id=0, order_id=0))) == []
    says_the_same_in_both_modes(marked)


@pytest.mark.parametrize(
    ("place", "name", "value"),
    [
        ("", "sequence", None),
        ("", "incarnation", None),
        ("", "sequence", "1"),
        ("", "doorbellreplay", "both"),
        ("", "doorbelltest", "true"),
        ("", "unknown", "x"),
        ("", "source", "/doorbell/a.b"),
        ("", "time", "2026-01-02T10:00:00+01:00"),
        ("data", "amount_minor", 1.5),
        ("data", "amount_minor", None),
        ("data", "amount_minor", -1),
        ("data", "number", ""),
        ("data", "customer", "a name"),
        ("data", "new", None),
        ("data", "new", {"status": "placed"}),
        ("data", "old", {}),
        ("data", "old", {"status": "placed", "owner_id": 1}),
        ("data", "type", "shipped"),
    ],
)
def test_a_schema_refuses_what_is_not_sent(place: str, name: str, value: object) -> None:
    document = json.loads(message().structured)
    assert faults(document) == []
    changed = document[place] if place else document
    if value is None and not place:
        del changed[name]
    else:
        changed[name] = value
    assert faults(document) != []


def test_the_example_in_the_docs_is_valid() -> None:
    page = (schemas.FOLDER.parent / "relay.md").read_text()
    example = json.loads(page.partition("```json\n")[2].partition("```")[0])
    assert faults(example) == []
    assert example["data"]["event_id"] == int(example["id"].partition("-")[0])
