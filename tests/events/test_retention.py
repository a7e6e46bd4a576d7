"""Old months of order_events are dropped, but never before every reader has read them."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from webapp.events import retention
from webapp.events.retention import DEFAULT, Retained
from webapp.rollups import refresh

from ..support.archive import KEEP, Archive
from ..support.wait import eventually
from ..support.world import World

BUSY = "an open transaction uses it, or is writing events"


def test_an_old_month_is_dropped_once_every_reader_has_read_it(archive: Archive, world: World) -> None:
    old = archive.month("2024_01")
    archive.read()
    world.order(archive.tenant)
    refresh.refresh(archive.service.database_url)
    archive.event("2024-01-15")
    assert archive.drop().kept == {old: "listener has not read all of it"}
    archive.read()
    assert archive.drop().kept == {old: "rollups has not read all of it"}
    world.order(archive.tenant)
    refresh.refresh(archive.service.database_url)
    archive.read()
    before = archive.count()
    assert archive.drop() == Retained(dropped=[old])
    assert archive.count() == before - 1
    assert archive.drop() == Retained()


def test_nothing_is_dropped_before_the_first_read(archive: Archive) -> None:
    old = archive.month("2024_01")
    archive.event("2023-12-31")
    reason = "no reader has saved a cursor yet"
    assert archive.drop().kept == {old: reason, DEFAULT: reason}


def test_a_late_commit_is_never_dropped_unread(archive: Archive) -> None:
    """The writer is open while the drop waits for its lock. The drop checks again after the commit."""
    old = archive.month("2024_01")
    archive.read()
    kept = BUSY
    # On a busy machine the lock timeout of the drop may end before the commit.
    for _try in range(5):
        results: list[Retained] = []
        with archive.writer() as late:
            archive.event("2024-01-15", late)
            archive.read()  # passes the open transaction
            dropping = threading.Thread(target=lambda results=results: results.append(archive.drop()))
            dropping.start()
            eventually(lambda: archive.count("pg_locks WHERE NOT granted AND relation = 'order_events'::regclass"))
            late.commit()
            dropping.join(60)
        assert results[0].dropped == []
        kept = results[0].kept[old]
        if kept != BUSY:
            break
        archive.read()
    assert kept == "listener has not read all of it"
    archive.read()
    assert archive.drop().dropped == [old]


def test_a_drop_gives_up_behind_an_open_writer_and_orders_go_on(archive: Archive, world: World) -> None:
    old = archive.month("2024_01")
    archive.event("2024-01-15")
    archive.read()
    results: list[Retained] = []
    with archive.writer() as writer:
        # This locks this month's partition, and the parent.
        World(writer).order(archive.tenant, number="open")
        dropping = threading.Thread(target=lambda: results.append(archive.drop()))
        dropping.start()
        eventually(lambda: archive.count("pg_locks WHERE NOT granted AND relation = 'order_events'::regclass"))
        # The server measures the wait for the lock, so a busy client does not count.
        world.conn.execute("SET lock_timeout = '3s'")
        world.order(archive.tenant)  # queues behind the drop
        dropping.join(60)
        writer.commit()
    assert results == [Retained(kept={old: BUSY})]
    archive.read()
    assert archive.drop().dropped == [old]


def test_a_locked_month_does_not_stop_the_others(archive: Archive) -> None:
    locked, free = archive.month("2024_01"), archive.month("2024_02")
    archive.read()
    with archive.writer() as dump:
        dump.execute(f"SELECT FROM {locked}")
        result = archive.drop()
    assert result.dropped == [free]
    assert set(result.kept) == {locked}


def test_a_month_is_dropped_on_the_day_that_its_last_day_is_too_old(archive: Archive) -> None:
    old = archive.month("2024_02")
    archive.read()
    days_since = (datetime.now(UTC) - datetime(2024, 3, 1, tzinfo=UTC)) // timedelta(days=1)
    assert archive.drop(days_since + 1) == Retained()
    assert archive.drop(days_since).dropped == [old]


def test_the_present_month_is_never_dropped(archive: Archive, world: World) -> None:
    world.order(archive.tenant)
    archive.read()
    before = archive.count()
    assert archive.drop(0) == Retained()
    assert archive.count() == before


def test_old_rows_of_the_default_partition_are_deleted_once_read(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "ROWS_PER_DELETE", 2)
    archive.read()
    for day in range(11, 16):
        archive.event(f"2024-01-{day}")
    archive.read()
    archive.event("2024-01-20")  # unread
    archive.event((datetime.now(UTC) - timedelta(days=KEEP - 1)).date().isoformat())  # not old
    result = archive.drop()
    assert (result.deleted, result.kept) == (5, {DEFAULT: "listener has not read all of it"})
    archive.read()
    assert archive.drop() == Retained(deleted=1)
    assert archive.count(DEFAULT) == 1


def test_rows_of_another_cluster_with_a_future_xid_count_as_read(archive: Archive) -> None:
    old = archive.month("2024_01")
    archive.read()
    for at in ("2024-01-15 12:00+00", "2023-01-15 12:00+00"):
        archive.conn.execute(
            "INSERT INTO order_events (recorded_at, xid, tenant_id, order_id, type, via, occurred_at)"
            " VALUES (%(at)s, '900000000000'::xid8, %(tenant)s, 1, 'paid', 'restore', %(at)s)",
            {"at": at, "tenant": archive.tenant},
        )
    assert archive.drop() == Retained(dropped=[old], deleted=1)


@pytest.mark.parametrize(
    "change", ["timeline = timeline + 1", "system_identifier = 1", "snapshot = '900000000000:900000000000:'"]
)
def test_nothing_is_dropped_while_a_cursor_is_of_another_cluster(archive: Archive, change: str) -> None:
    old = archive.month("2024_01")
    archive.event("2023-12-31")
    archive.read()
    archive.conn.execute(f"UPDATE outbox_readers SET {change}")
    kept = archive.drop().kept
    assert set(kept) == {old, DEFAULT}
    assert "listener is of another cluster" in kept[old]
    archive.read()
    assert archive.drop() == Retained(dropped=[old], deleted=1)


def test_a_month_that_a_view_depends_on_is_kept(archive: Archive) -> None:
    old = archive.month("2024_01")
    archive.read()
    archive.conn.execute(f"CREATE VIEW report AS SELECT * FROM {old}")
    assert "depend" in archive.drop().kept[old]


def test_repeatable_read_and_the_default_partition_are_refused(archive: Archive) -> None:
    old = archive.month("2024_01")
    archive.read()
    with archive.writer() as conn:
        conn.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        with pytest.raises(psycopg.errors.RaiseException, match="REPEATABLE READ"):
            conn.execute(f"SELECT order_events_drop_partition('{old}', {KEEP})")
    with pytest.raises(psycopg.errors.RaiseException, match="order_events_default is not a partition"):
        archive.conn.execute(f"SELECT order_events_drop_partition('{DEFAULT}', {KEEP})")


def test_the_check_for_unread_events_uses_the_index(archive: Archive) -> None:
    """It runs under a lock on all of order_events, so it must not read the whole month."""
    old = archive.month("2024_01")
    archive.conn.execute(
        "INSERT INTO order_events (recorded_at, tenant_id, order_id, type, via, occurred_at)"
        " SELECT '2024-01-15', %s, n, 'paid', 'test', now() FROM generate_series(1, 1000) AS n",
        [archive.tenant],
    )
    archive.conn.execute(f"ANALYZE {old}")
    archive.read()
    with archive.writer() as conn:
        conn.execute(f"SELECT order_events_unread_reason('{old}')")
        scans = "SELECT seq_scan, idx_scan > 0 FROM pg_stat_xact_user_tables WHERE relname = %s"
        assert conn.execute(scans, [old]).fetchall() == [(0, True)]
    assert archive.drop().dropped == [old]


def test_every_index_has_a_comment_that_names_its_query(world: World) -> None:
    rows = world.conn.execute(
        "SELECT indexrelid::regclass::text, obj_description(indexrelid, 'pg_class') FROM pg_index i"
        " WHERE indrelid IN ('order_events'::regclass, 'orders'::regclass, 'notifications'::regclass)"
        " AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)"
    ).fetchall()
    assert len(rows) >= 10
    assert [name for name, comment in rows if not comment] == []
    for name, comment in rows:
        words = comment.replace(",", " ").replace(":", " ").replace(";", " ").split()
        files = [word for word in words if word.endswith(".py")]
        assert files or comment.startswith("the foreign key"), name
        assert [file for file in files if not (Path(__file__).parents[2] / file).exists()] == [], name
