"""The check finds what no trigger saw, and repairs it."""

from __future__ import annotations

import psycopg

from webapp.attach import attachments, check, settled, work

from ..support.attached import SAME, Shop
from ..support.world import World


def test_writes_of_a_session_with_the_replica_role_are_silent_and_the_check_finds_them(shop_table: Shop) -> None:
    for id in range(1, 6):
        shop_table.add(id)
    shop_table.attach()
    shop_table.execute("SET session_replication_role = replica")
    shop_table.add(10)
    shop_table.execute("UPDATE shop.orders SET total = 50 WHERE id IN (1, 2)")
    shop_table.execute("DELETE FROM shop.orders WHERE id = 3")
    shop_table.execute("UPDATE shop.orders SET deleted_at = now() WHERE id = 4")
    shop_table.execute("RESET session_replication_role")
    assert shop_table.differences() == {"missing": 1, "ghosts": 2, "stale": 2}
    drift = shop_table.check()
    assert (drift.rows, drift.missing, drift.stale, drift.ghosts, drift.locked) == (5, 1, 2, 2, 0)
    assert shop_table.differences() == SAME
    assert shop_table.attachment().drift == 5
    assert shop_table.check().orders == 0
    assert shop_table.attachment().drift == 0


def test_a_row_that_is_locked_by_its_writer_is_left_for_the_next_check(shop_table: Shop) -> None:
    shop_table.add(1)
    shop_table.attach()
    shop_table.execute("SET session_replication_role = replica")
    shop_table.execute("UPDATE shop.orders SET total = 50")
    with psycopg.connect(shop_table.service.database_url) as writer:
        writer.execute("UPDATE shop.orders SET total = 60")
        assert shop_table.check().locked == 1
        writer.commit()
    assert shop_table.differences() == SAME


def test_a_check_of_more_rows_than_one_chunk_reads_all(shop_table: Shop) -> None:
    shop_table.execute(
        "INSERT INTO shop.orders (id, order_number, customer_name, total)"
        " SELECT n, 'S' || n, 'Toms', n FROM generate_series(1, 11000) AS n"
    )
    shop_table.attach()
    shop_table.execute("SET session_replication_role = replica")
    shop_table.execute("UPDATE shop.orders SET total = total + 1 WHERE id % 10 = 0")
    drift = shop_table.check()
    assert (drift.rows, drift.stale) == (11000, 1100)
    assert shop_table.differences() == SAME


def test_changes_on_the_board_are_replaced_by_the_tables_values(shop_table: Shop, world: World) -> None:
    shop_table.add(1)
    shop_table.attach()
    world.conn.execute("UPDATE orders SET paid_at = now()")
    assert shop_table.check().stale == 1
    assert shop_table.orders("status") == [("placed",)]


def test_a_check_writes_events_and_notifies_no_user(shop_table: Shop, world: World) -> None:
    owner = world.user(shop_table.tenant_id)
    shop_table.add(1)
    shop_table.attach()
    world.conn.execute("UPDATE orders SET owner_id = %s", [owner])
    shop_table.execute("SET session_replication_role = replica")
    shop_table.execute("UPDATE shop.orders SET paid_at = now()")
    shop_table.check()
    assert world.events()[-1]["type"] == "paid"
    assert world.conn.execute("SELECT type FROM notifications").fetchall() == [("assigned",)], "of the UPDATE above"


def test_the_first_check_waits_for_transactions_from_before_the_end_of_the_backfill(shop_table: Shop) -> None:
    """A deletion with an old snapshot leaves a ghost that no trigger can see."""
    for id in range(1, 4):
        shop_table.add(id)
    target = shop_table.install()
    with psycopg.connect(shop_table.service.database_url) as older, shop_table.connect() as conn:
        older.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        older.execute("SELECT count(*) FROM shop.orders")
        from webapp.attach import backfill

        backfill.run(conn, target)
        attachment = shop_table.attachment()
        count, pid = settled.older_transactions(conn, attachment)
        assert (count, pid) == (1, older.info.backend_pid)
        assert not settled.wait(conn, attachment, 0.2)
        work.run(shop_table.service.database_url)
        assert shop_table.attachment().checked_at is None
        older.execute("DELETE FROM shop.orders WHERE id = 2")
        older.commit()
        assert shop_table.differences() == {"missing": 0, "ghosts": 1, "stale": 0}
        assert settled.wait(conn, attachment, 10)
    work.run(shop_table.service.database_url)
    assert shop_table.differences() == SAME
    assert shop_table.attachment().ghosts == 1


def test_the_worker_continues_a_backfill_and_checks_daily_and_on_request(shop_table: Shop) -> None:
    shop_table.add(1)
    shop_table.install()
    state = work.run(shop_table.service.database_url)
    assert (state.tables, state.drift, state.problems) == (1, 0, 0)
    first = shop_table.attachment().checked_at
    assert first is not None
    work.run(shop_table.service.database_url)
    assert shop_table.attachment().checked_at == first
    shop_table.execute("UPDATE attachments SET checked_at = checked_at - interval '25 hours'")
    work.run(shop_table.service.database_url)
    second = shop_table.attachment().checked_at
    assert second is not None
    assert second > first
    work.request_check(shop_table.conn, shop_table.attachment().id)
    work.run(shop_table.service.database_url)
    third = shop_table.attachment().checked_at
    assert third is not None
    assert third > second


def test_a_mapping_that_fits_no_more_is_a_fault_with_what_to_do(shop_table: Shop) -> None:
    shop_table.add(1)
    shop_table.attach()
    shop_table.execute("ALTER TABLE shop.orders DROP total")
    work.run(shop_table.service.database_url)
    fault = shop_table.attachment().fault
    assert fault is not None
    assert 'column "total" does not exist' in fault.replace("t.total", '"total"')
    assert "flask orders detach shop.orders --keep-orders" in fault


def test_a_dropped_table_is_a_fault_and_can_be_detached(shop_table: Shop) -> None:
    from webapp.attach import detach

    shop_table.add(1)
    shop_table.attach()
    shop_table.execute("DROP TABLE shop.orders")
    state = work.run(shop_table.service.database_url)
    assert state.faults in (0, 1)
    with shop_table.connect() as conn:
        (attachment,) = attachments.every(conn)
        assert detach.run(conn, attachment, keep_orders=False) == 1
        assert attachments.every(conn) == []
        assert check.Drift().orders == 0


def test_a_renamed_table_stays_attached(shop_table: Shop) -> None:
    shop_table.add(1)
    shop_table.attach()
    shop_table.execute("ALTER TABLE shop.orders RENAME TO sales; ALTER SCHEMA shop RENAME TO store")
    shop_table.execute("UPDATE store.sales SET total = 12")
    assert shop_table.orders("total_minor, source") == [(1200, "shop.orders")]
    assert shop_table.check().orders == 0
    assert attachments.by_name(shop_table.conn, "store.sales").name == "shop.orders"
