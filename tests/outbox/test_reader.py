"""A named reader: its cursor, and diffs that are read in pages, resumed and finished."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import psycopg
import pytest

from webapp.outbox import diff as diffs
from webapp.outbox.cursor import UnusableCursor
from webapp.outbox.diff import Diff, ReaderMoved
from webapp.outbox.reader import Reader, Unread
from webapp.outbox.unread import EventFilter

from ..support.world import Service, World

RELAY = Reader("relay")
_EVENTS = """
INSERT INTO order_events (tenant_id, order_id, type, via, occurred_at)
SELECT %s, n, CASE WHEN n %% %s = 0 THEN 'paid' ELSE 'edited' END, 'test', now() FROM generate_series(1, %s) AS n
"""


def many_events(conn: psycopg.Connection, tenant: int, count: int, paid_each: int = 1) -> None:
    conn.execute(_EVENTS, [tenant, paid_each, count])


def begun(conn: psycopg.Connection, reader: Reader = RELAY) -> Diff:
    diff = reader.begin(conn)
    assert diff is not None
    return diff


def all_orders(diff: Diff, limit: int) -> list[list[int]]:
    """The orders of each page, to the end of the diff."""
    pages = []
    while events := diff.read(limit):
        pages.append([event.order_id for event in events])
        diff.advance(events[-1].id)
    diff.finish()
    return pages


@pytest.fixture
def tenant(world: World, conn: psycopg.Connection) -> int:
    """A tenant, and a saved cursor at the present."""
    RELAY.save(conn, RELAY.present(conn))
    return world.tenant()


@pytest.fixture
def other(service: Service) -> Iterator[psycopg.Connection]:
    """Another session."""
    with psycopg.connect(service.database_url, autocommit=True) as conn:
        yield conn


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
        {"status": "paid"},
    )


def test_without_new_events_nothing_is_written(conn: psycopg.Connection, world: World, tenant: int) -> None:
    version = "SELECT xmin::text, ctid::text FROM outbox_readers"
    before = conn.execute(version).fetchall()
    conn.execute("SELECT pg_current_xact_id()")
    assert RELAY.begin(conn) is None
    assert conn.execute(version).fetchall() == before


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
    mine.advance(event)
    with pytest.raises(ReaderMoved):
        theirs.advance(event)
    mine.finish()
    with pytest.raises(ReaderMoved):
        theirs.finish()
    assert RELAY.begin(conn) is None


def test_a_position_never_goes_back(conn: psycopg.Connection, world: World, tenant: int) -> None:
    world.order(tenant)
    diff = begun(conn)
    (event,) = diff.read(1)
    diff.advance(event.id)
    with pytest.raises(ValueError, match="handled already"):
        diff.advance(event.id)


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
    assert begun(conn, reader).read(10) == []
    begun(conn, reader).finish()
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
        assert len(diff.read(10)) == 5
        seen = (
            "SELECT sum(seq_tup_read), sum(idx_tup_fetch) FROM pg_stat_xact_user_tables WHERE relname ~ '^order_events'"
        )
        (sequential, by_index) = conn.execute(seen).fetchone() or (None, None)
    assert sequential == 0
    assert by_index <= 10


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
