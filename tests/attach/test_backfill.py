"""Copying the old rows: under writers, after an interrupt, beside locks."""

from __future__ import annotations

import random
import threading
import time
from typing import Any

import psycopg
import pytest
from psycopg import errors

from webapp.attach import backfill, check, locks, settled
from webapp.attach.errors import AttachRefused
from webapp.attach.mapped_sql import AttachTarget

from ..support.attached import SAME, Shop
from ..support.order_writers import stop_all
from ..support.wait import eventually

ROWS = 20_000
WRITERS = 4
_FILL = """
INSERT INTO shop.orders (id, order_number, customer_name, total, paid_at)
SELECT n, 'S' || n, 'Toms', n, CASE WHEN n %% 2 = 0 THEN now() END FROM generate_series(1, %s) AS n
"""


class ShopWriter(threading.Thread):
    """Inserts, updates, and deletes of both kinds, until it is stopped. Serialization failures are its own to repeat."""

    def __init__(
        self, shop: Shop, seed: int, stop: threading.Event, level: psycopg.IsolationLevel | None = None
    ) -> None:
        super().__init__()
        self.shop, self.random, self.stopped, self.level = shop, random.Random(seed), stop, level
        self.next_id = (seed + 1) * 1_000_000
        self.commits, self.conflicts = 0, 0
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            with psycopg.connect(self.shop.service.database_url, autocommit=True) as conn:
                conn.isolation_level = self.level
                while not self.stopped.is_set():
                    try:
                        with conn.transaction():
                            for _ in range(self.random.randint(1, 3)):
                                self._write(conn)
                        self.commits += 1
                    except (errors.SerializationFailure, errors.DeadlockDetected):
                        self.conflicts += 1
        except BaseException as error:
            self.error = error
            raise

    def _write(self, conn: psycopg.Connection[Any]) -> None:
        id = self.random.randint(1, ROWS)
        kind = self.random.random()
        if kind < 0.25:
            self.next_id += 1
            conn.execute(
                "INSERT INTO shop.orders (id, order_number, customer_name, total) VALUES (%s, %s, 'New', 5)",
                [self.next_id, f"S{self.next_id}"],
            )
        elif kind < 0.6:
            conn.execute("UPDATE shop.orders SET total = total + 1, paid_at = now() WHERE id = %s", [id])
        elif kind < 0.8:
            conn.execute("UPDATE shop.orders SET deleted_at = now() WHERE id = %s", [id])
        else:
            conn.execute("DELETE FROM shop.orders WHERE id = %s", [id])


@pytest.mark.parametrize(
    "level", [None, psycopg.IsolationLevel.REPEATABLE_READ], ids=["read committed", "repeatable read"]
)
def test_a_backfill_under_four_writers_ends_with_no_missing_no_ghost_and_no_stale_order(
    shop_table: Shop, level: psycopg.IsolationLevel | None
) -> None:
    shop_table.execute(_FILL, ROWS)
    stop = threading.Event()
    writers = [ShopWriter(shop_table, seed, stop, level) for seed in range(WRITERS)]
    for writer in writers:
        writer.start()
    try:
        target = shop_table.install()
        with shop_table.connect() as conn:
            assert backfill.run(conn, target)
            if level is None:
                # Before any check: FOR SHARE alone is enough.
                stop_all(writers, stop)
                assert shop_table.differences() == SAME
            assert settled.wait(conn, shop_table.attachment(), 30)
            check.run(conn, shop_table.attachment())
    finally:
        stop_all(writers, stop)
    assert [writer.error for writer in writers] == [None] * WRITERS
    assert min(writer.commits for writer in writers) > 20
    assert shop_table.differences() == SAME
    assert shop_table.problems() == []


def test_the_events_explain_each_order_after_a_backfill_under_writers(shop_table: Shop) -> None:
    """Revenue by events is revenue by orders: each paid order has one event of its payment."""
    shop_table.execute(_FILL, 2000)
    stop = threading.Event()
    writers = [ShopWriter(shop_table, seed, stop) for seed in range(2)]
    for writer in writers:
        writer.start()
    try:
        shop_table.attach()
    finally:
        stop_all(writers, stop)
    unexplained = shop_table.execute(
        "SELECT count(*) FROM orders o WHERE (o.paid_at IS NOT NULL)::integer <>"
        " (SELECT count(*) FROM order_events e WHERE e.order_id = o.id AND e.type = 'paid')"
    ).fetchone()
    assert unexplained == (0,)


def test_a_backfill_continues_where_it_was_interrupted(shop_table: Shop) -> None:
    shop_table.execute(_FILL, 2500)
    target = shop_table.install()
    with shop_table.connect() as conn:
        seen: list[int] = []

        def interrupt(done: int, total: int) -> None:
            seen.append(done)
            if done >= 1000:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            backfill.run(conn, target, interrupt)
    assert seen == [0, 500, 1000]
    assert shop_table.attachment().last_key == ["1000"]
    with shop_table.connect() as conn:
        done: list[int] = []
        assert backfill.run(conn, target, lambda now, total: done.append(now))
    assert done[0] == 1000
    assert shop_table.attachment().rows_done == 2500
    assert shop_table.differences() == SAME


def test_a_backfill_ends_before_its_deadline_and_says_that_it_is_not_done(shop_table: Shop) -> None:
    shop_table.execute(_FILL, 600)
    target = shop_table.install()
    with shop_table.connect() as conn:
        assert not backfill.run(conn, target, until=time.monotonic() - 1)
        assert shop_table.attachment().state == "backfilling"
        assert backfill.run(conn, target)


def test_a_locked_row_makes_the_backfill_wait_and_fails_no_writer(shop_table: Shop) -> None:
    """The writer holds a row and wants a second one, which the chunk has locked."""
    shop_table.execute(_FILL, 400)
    target = shop_table.install()
    with psycopg.connect(shop_table.service.database_url) as writer:
        writer.execute("SET deadlock_timeout = '1s'")
        writer.execute("UPDATE shop.orders SET total = 1 WHERE id = 400")
        copying = threading.Thread(target=lambda: _backfill(shop_table, target))
        copying.start()
        eventually(lambda: shop_table.execute("SELECT FROM pg_locks WHERE NOT granted").fetchone() is not None)
        writer.execute("UPDATE shop.orders SET total = 1 WHERE id = 1")
        writer.commit()
        copying.join(30)
    assert not copying.is_alive()
    assert shop_table.differences() == SAME


def test_a_row_that_stays_locked_stops_the_backfill_with_what_to_do(
    shop_table: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backfill, "GIVE_UP_SECONDS", 0.5)
    shop_table.execute(_FILL, 3)
    target = shop_table.install()
    with psycopg.connect(shop_table.service.database_url) as writer:
        writer.execute("UPDATE shop.orders SET total = 1 WHERE id = 2")
        with (
            shop_table.connect() as conn,
            pytest.raises(AttachRefused, match=r"stayed locked for 0 s.*run the same command again"),
        ):
            backfill.run(conn, target)
        writer.rollback()
    with shop_table.connect() as conn:
        assert backfill.run(conn, target)
    assert shop_table.differences() == SAME


def test_two_backfills_of_a_table_do_not_run_at_once(shop_table: Shop) -> None:
    target = shop_table.install()
    with shop_table.connect() as one, shop_table.connect() as other:
        assert locks.try_hold(one, target.id)
        with pytest.raises(AttachRefused, match=r"Another session copies or checks shop.orders"):
            backfill.run(other, target)
        locks.release(one, target.id)
        assert backfill.run(other, target)


def test_triggers_wait_shortly_for_their_lock_and_give_way_to_writers(
    shop_table: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A long transaction holds the table. Other writers are not blocked behind the one that installs."""
    with psycopg.connect(shop_table.service.database_url, application_name="long job") as long:
        long.execute("INSERT INTO shop.orders (id, order_number, customer_name, total) VALUES (1, 'S1', 'Toms', 1)")
        installed: list[AttachTarget] = []
        installing = threading.Thread(target=lambda: installed.append(shop_table.install()))
        installing.start()
        # The server measures the wait for the lock, so a busy client does not count.
        shop_table.execute("SET lock_timeout = '1s'")
        deadline = time.monotonic() + 2
        while time.monotonic() < deadline:
            shop_table.execute("UPDATE shop.orders SET total = 2 WHERE id = 7")
        shop_table.execute("RESET lock_timeout")
        assert installed == []
        long.commit()
    installing.join(30)
    with shop_table.connect() as conn:
        backfill.run(conn, installed[0])
    assert shop_table.differences() == SAME


def test_a_table_that_stays_locked_names_the_session_in_the_way(shop_table: Shop) -> None:
    with (
        psycopg.connect(shop_table.service.database_url, application_name="long job") as long,
        shop_table.connect() as conn,
    ):
        long.execute("LOCK TABLE shop.orders IN ROW EXCLUSIVE MODE")
        oid = shop_table.execute("SELECT 'shop.orders'::regclass::oid::bigint").fetchone()
        assert oid is not None

        def work() -> None:
            conn.execute("LOCK TABLE shop.orders IN SHARE ROW EXCLUSIVE MODE")

        with pytest.raises(
            AttachRefused, match=r"shop.orders was locked by process \d+ \(long job of .*RowExclusiveLock\)"
        ):
            locks.with_retries(conn, oid[0], "shop.orders", work, 0.3)


def _backfill(shop: Shop, target: AttachTarget) -> None:
    with shop.connect() as conn:
        backfill.run(conn, target)
