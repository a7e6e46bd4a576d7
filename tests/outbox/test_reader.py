"""A named reader: its saved cursor, its filter, and what it has not read."""

from __future__ import annotations

from dataclasses import replace

import psycopg
import pytest

from webapp.outbox.cursor import UnusableCursor
from webapp.outbox.reader import Reader, Unread
from webapp.outbox.unread import EventFilter

from ..support.diffs import RELAY, all_orders, begun
from ..support.world import Service, World


def test_without_new_events_nothing_is_written(conn: psycopg.Connection, world: World, tenant: int) -> None:
    version = "SELECT xmin::text, ctid::text FROM outbox_readers"
    before = conn.execute(version).fetchall()
    conn.execute("SELECT pg_current_xact_id()")
    assert RELAY.begin(conn) is None
    assert conn.execute(version).fetchall() == before


def test_a_diff_cannot_begin_inside_of_a_transaction(service: Service, world: World, tenant: int) -> None:
    world.order(tenant)
    with psycopg.connect(service.database_url) as conn:
        conn.execute("SELECT 1")
        with pytest.raises(RuntimeError, match="outside of transactions"):
            RELAY.begin(conn)
        conn.rollback()
        begun(conn)
        conn.rollback()
        assert RELAY.saved(conn) != RELAY.present(conn)
        assert world.conn.execute("SELECT target IS NOT NULL FROM outbox_readers").fetchone() == (True,)


def test_a_filter_passes_over_the_other_events(conn: psycopg.Connection, world: World, tenant: int) -> None:
    reader = Reader("relay", EventFilter(tenant_ids=(tenant,), types=("paid", "shipped"), ignored_types=("shipped",)))
    mine, foreign = world.order(tenant), world.order(world.tenant("second"))
    for order in (mine, foreign):
        world.change(order, paid_at=world.now(), shipped_at=world.now())
    diff = begun(conn, reader)
    assert [(event.order_id, event.type) for event in diff.read(10)] == [(mine, "paid")]
    diff.finish()
    world.order(tenant)
    assert all_orders(begun(conn, reader), 10) == []
    assert reader.begin(conn) is None, "the cursor has passed the other event"


def test_a_filter_by_time_and_existing_tenants(conn: psycopg.Connection, world: World, tenant: int) -> None:
    order, gone = world.order(tenant), world.order(world.tenant("gone"))
    middle = world.now()
    later = world.order(tenant)
    conn.execute("DELETE FROM orders WHERE id = %s; DELETE FROM tenants WHERE slug = 'gone'".replace("%s", str(gone)))
    for events, expected in (
        (EventFilter(recorded_before=middle, of_existing_tenants=True), [order]),
        (EventFilter(recorded_from=middle, types=("placed",)), [later]),
    ):
        assert [event.order_id for event in begun(conn, Reader("relay", events)).read(10)] == expected


def test_a_reader_can_start_at_the_first_event(conn: psycopg.Connection, world: World, tenant: int) -> None:
    order = world.order(tenant)
    RELAY.save(conn, RELAY.present(conn))
    assert RELAY.begin(conn) is None
    RELAY.save(conn, RELAY.beginning(conn))
    assert all_orders(begun(conn), 10) == [[order]]


def test_unread_events_are_counted_without_the_handled_part_of_a_diff(
    conn: psycopg.Connection, world: World, tenant: int
) -> None:
    assert RELAY.unread(conn) == Unread(0, None)
    for _ in range(3):
        world.order(tenant)
    diff = begun(conn)
    world.order(tenant)
    assert RELAY.unread(conn).events == 4
    assert RELAY.unread(conn, limit=2).events == 2
    assert RELAY.unread(conn, older_than_seconds=60) == Unread(0, None)
    diff.advance(diff.read(2)[-1].id)
    found = RELAY.unread(conn)
    assert found.events == 2
    assert found.oldest_seconds is not None
    assert 0 <= found.oldest_seconds < 60


def test_a_reader_continues_after_a_failover_and_not_in_another_cluster(
    conn: psycopg.Connection, world: World, tenant: int
) -> None:
    order = world.order(tenant)
    present = RELAY.saved(conn)
    assert present is not None
    RELAY.save(conn, replace(present, timeline=present.timeline + 7))
    assert all_orders(begun(conn), 10) == [[order]]
    assert conn.execute("SELECT timeline, outbox_reader_is_valid(r) FROM outbox_readers r").fetchone() == (
        present.timeline,
        True,
    )
    for change, reason in (
        ({"system_identifier": 1}, "another cluster"),
        ({"snapshot": "999999999:999999999:"}, "ahead"),
    ):
        RELAY.save(conn, replace(present, **change))
        with pytest.raises(UnusableCursor, match=reason):
            RELAY.begin(conn)


def test_a_reader_without_a_cursor_must_choose_where_to_start(conn: psycopg.Connection, tenant: int) -> None:
    RELAY.delete(conn)
    assert RELAY.saved(conn) is None
    for use in (RELAY.begin, RELAY.unread):
        with pytest.raises(UnusableCursor, match="relay: there is no cursor yet"):
            use(conn)
