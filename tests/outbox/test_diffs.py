"""Diffs: pages in order, resumed after a crash, and saved by one session only."""

from __future__ import annotations

import psycopg
import pytest

from webapp.outbox import diff as diffs
from webapp.outbox.diff import ReaderMoved
from webapp.outbox.reader import Reader
from webapp.outbox.unread import EventFilter

from ..support.diffs import RELAY, all_orders, begun, many_events
from ..support.world import Service, World


def test_a_diff_is_read_in_pages_and_each_event_once(conn: psycopg.Connection, world: World, tenant: int) -> None:
    orders = [world.order(tenant) for _ in range(5)]
    assert all_orders(begun(conn), 2) == [orders[:2], orders[2:4], orders[4:]]
    assert RELAY.begin(conn) is None
    world.change(orders[0], paid_at="2026-03-02 12:00+00")
    (event,) = begun(conn).read(10)
    assert (event.type, event.order_id, event.amount_minor, event.new_values) == (
        "paid",
        orders[0],
        1000,
        '{"status": "paid"}',
    )


def test_a_page_that_was_read_ahead_is_the_next_one(conn: psycopg.Connection, world: World, tenant: int) -> None:
    orders = [world.order(tenant) for _ in range(5)]
    diff = begun(conn)
    first = diff.read(2)
    ahead = diff.read_ahead(2)
    assert [event.order_id for event in ahead] == orders[2:4]
    assert not diff.is_read
    with pytest.raises(ValueError, match="was read to event"):
        diff.advance(ahead[-1].id)
    diff.advance(first[-1].id)
    assert diff.read(2) is ahead
    diff.advance(ahead[0].id)
    assert [event.order_id for event in diff.read(2)] == orders[3:]
    assert diff.is_read
    assert diff.read_ahead(2) == []


def test_after_a_crash_the_same_diff_continues_after_its_last_id(
    conn: psycopg.Connection, other: psycopg.Connection, world: World, tenant: int, service: Service
) -> None:
    """The event that was committed meanwhile has the lowest id, so a new diff after the last id would lose it."""
    with psycopg.connect(service.database_url) as late:
        lowest = World(late).order(tenant, number="late")
        orders = [world.order(tenant) for _ in range(5)]
        diff = begun(conn)
        diff.advance(diff.read(2)[-1].id)
        assert [event.order_id for event in diff.read(2)] == orders[2:4]  # handled, not saved
    resumed = begun(other)
    assert (resumed.since, resumed.until, resumed.last_id) == (diff.since, diff.until, diff.last_id)
    assert all_orders(resumed, 2) == [orders[2:4], orders[4:]]
    assert all_orders(begun(other), 2) == [[lowest]]


def test_an_open_transaction_delays_its_own_events_only(
    conn: psycopg.Connection, world: World, tenant: int, service: Service
) -> None:
    with psycopg.connect(service.database_url) as slow:
        mine = World(slow).order(tenant, number="slow")
        quick = world.order(tenant)
        assert all_orders(begun(conn), 10) == [[quick]]
        assert RELAY.begin(conn) is None
    assert all_orders(begun(conn), 10) == [[mine]]


def test_a_change_of_a_lower_transaction_comes_after_the_change_that_it_waited_for(
    conn: psycopg.Connection, world: World, tenant: int, service: Service
) -> None:
    order = world.order(tenant)
    with psycopg.connect(service.database_url) as early:
        early.execute("SELECT pg_current_xact_id()")
        world.change(order, paid_at=world.now())
        early.execute("UPDATE orders SET shipped_at = now() WHERE id = %s", [order])
    assert [event.type for event in begun(conn).read(10)] == ["placed", "paid", "shipped"]


def test_a_step_in_a_transaction_is_saved_with_it_or_not_at_all(
    conn: psycopg.Connection, other: psycopg.Connection, world: World, tenant: int
) -> None:
    for _ in range(3):
        world.order(tenant)
    diff = begun(conn)
    first, second, _ = diff.read(3)
    with conn.transaction():
        diff.advance(first.id)
        assert begun(other).last_id == 0
    assert begun(other).last_id == first.id
    with conn.transaction(force_rollback=True):
        diff.advance(second.id)
    with pytest.raises(ReaderMoved):
        diff.finish()
    assert begun(conn).last_id == first.id


def test_of_two_sessions_under_one_name_only_one_can_save(
    conn: psycopg.Connection, other: psycopg.Connection, world: World, tenant: int
) -> None:
    world.order(tenant)
    mine, theirs = begun(conn), begun(other)
    event = mine.read(1)[0].id
    assert theirs.read(1)[0].id == event
    mine.advance(event)
    with pytest.raises(ReaderMoved):
        theirs.advance(event)
    mine.finish()
    with pytest.raises(ReaderMoved):
        theirs.finish()
    assert RELAY.begin(conn) is None


def test_a_position_is_between_the_last_one_and_the_events_that_were_read(
    conn: psycopg.Connection, world: World, tenant: int
) -> None:
    for _ in range(3):
        world.order(tenant)
    diff = begun(conn)
    with pytest.raises(ValueError, match="read to event 0 only"):
        diff.finish()
    first, second = diff.read(2)
    diff.advance(first.id)
    for wrong in (first.id, second.id + 1):
        with pytest.raises(ValueError, match="is at event"):
            diff.advance(wrong)
    with pytest.raises(ValueError, match="only"):
        diff.finish()
    assert len(diff.read(2)) == 2
    diff.finish()


@pytest.mark.parametrize("is_dense", [True, False], ids=["by a walk through the ids", "by the xid index"])
def test_a_long_diff_is_read_in_pages(
    conn: psycopg.Connection, tenant: int, is_dense: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    used: set[bool] = set()
    decide = diffs._Extent.is_dense

    def recorded(extent: diffs._Extent, limit: int) -> bool:
        used.add(decide(extent, limit))
        return decide(extent, limit)

    monkeypatch.setattr(diffs._Extent, "is_dense", recorded)
    paid_each = 1 if is_dense else 100
    many_events(conn, tenant, 3000, paid_each)
    diff = begun(conn, Reader("relay", EventFilter(types=("paid",))))
    pages = all_orders(diff, 300 if is_dense else 11)
    assert [order for page in pages for order in page] == list(range(paid_each, 3001, paid_each))
    assert len(pages) == (10 if is_dense else 3)
    assert used == {is_dense}


def test_a_short_diff_reads_nothing_of_a_long_history(conn: psycopg.Connection, tenant: int) -> None:
    many_events(conn, tenant, 20_000)
    all_orders(begun(conn), 10_000)
    many_events(conn, tenant, 5)
    conn.execute("ANALYZE order_events")
    diff = begun(conn)
    with conn.transaction():
        before = rows_read(conn)
        assert len(diff.read(10)) == 5
        sequential, by_index = (after - value for after, value in zip(rows_read(conn), before, strict=True))
    assert sequential == 0
    assert 5 <= by_index <= 10


def rows_read(conn: psycopg.Connection) -> tuple[int, int]:
    """The rows of events that this session has read in sequence and by an index, since its statistics were last sent."""
    row = conn.execute(
        "SELECT sum(seq_tup_read)::int, sum(idx_tup_fetch)::int FROM pg_stat_xact_user_tables"
        " WHERE relname LIKE 'order_events%'"
    ).fetchone()
    assert row is not None
    return row[0], row[1]
