"""A row that cannot become an order never fails the shop's write, and is listed with its reason."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from psycopg import errors

from ..support.attached import SAME, Shop
from ..support.world import World


@pytest.fixture
def text_totals(shop_table: Shop) -> Shop:
    """The total is a text, which may be no number."""
    shop_table.execute("ALTER TABLE shop.orders ALTER total TYPE text")
    shop_table.add(1, "10.00")
    shop_table.attach()
    return shop_table


def test_one_row_that_cannot_be_read_does_not_keep_back_the_others(text_totals: Shop) -> None:
    text_totals.execute(
        "INSERT INTO shop.orders (id, order_number, customer_name, total)"
        " VALUES (2, 'S2', 'Toms', '20'), (3, 'S3', 'Toms', 'abc'), (4, 'S4', 'Toms', '40')"
    )
    assert [row[0] for row in text_totals.orders()] == ["S1", "S2", "S4"]
    ((key, code, reason),) = text_totals.problems()
    assert (key, code) == ("3", "22P02")
    assert 'invalid input syntax for type numeric: "abc"' in reason


def test_a_row_that_fails_keeps_its_last_good_order_until_it_is_corrected(text_totals: Shop) -> None:
    text_totals.execute("UPDATE shop.orders SET total = 'abc'")
    assert text_totals.orders() == [("S1", 1000, "placed")]
    assert len(text_totals.problems()) == 1
    text_totals.execute("UPDATE shop.orders SET total = '30'")
    assert text_totals.orders() == [("S1", 3000, "placed")]
    text_totals.check()
    assert text_totals.problems() == []


def test_a_statement_with_more_rows_than_are_tried_one_by_one_is_repaired_by_the_check(text_totals: Shop) -> None:
    text_totals.execute(
        "INSERT INTO shop.orders (id, order_number, customer_name, total)"
        " SELECT n, 'S' || n, 'Toms', CASE n WHEN 1500 THEN 'abc' ELSE '5' END FROM generate_series(2, 2000) AS n"
    )
    assert [row[0] for row in text_totals.orders()] == ["S1"]
    assert [problem[0] for problem in text_totals.problems()] == [None]
    drift = text_totals.check()
    assert (drift.missing, drift.stale, drift.ghosts) == (1998, 0, 0)
    assert [problem[0] for problem in text_totals.problems()] == ["1500"]


@pytest.mark.parametrize("statement", ["DROP COLUMN total", "RENAME COLUMN total TO sum", "DROP COLUMN created_at"])
def test_a_dropped_or_renamed_column_fails_no_write(shop_table: Shop, statement: str) -> None:
    shop_table.add(1)
    shop_table.attach()
    shop_table.execute(f"ALTER TABLE shop.orders {statement}")
    shop_table.execute("UPDATE shop.orders SET note = 'written'")
    shop_table.execute("INSERT INTO shop.orders SELECT (t).* FROM (SELECT t FROM shop.orders t LIMIT 0) AS x")
    assert shop_table.execute("SELECT note FROM shop.orders").fetchall() == [("written",)]
    ((key, code, reason),) = shop_table.problems()
    assert (key, code) == ("1", "42703")
    assert "does not exist" in reason
    shop_table.execute("DELETE FROM shop.orders")
    assert shop_table.orders() == []


def test_even_a_lost_table_of_problems_fails_no_write(text_totals: Shop) -> None:
    text_totals.execute("ALTER TABLE attach_problems RENAME TO elsewhere")
    text_totals.execute("UPDATE shop.orders SET total = 'abc'")
    assert text_totals.execute("SELECT total FROM shop.orders").fetchall() == [("abc",)]
    text_totals.execute("ALTER TABLE elsewhere RENAME TO attach_problems")


def test_a_number_of_another_source_is_a_problem_and_its_order_stays(shop_table: Shop, world: World) -> None:
    world.order(shop_table.tenant_id, 777, number="S2", source="csv")
    shop_table.add(1)
    shop_table.attach()
    shop_table.add(2)
    assert world.conn.execute("SELECT number, total_minor FROM orders ORDER BY 1").fetchall() == [
        ("S1", 1000),
        ("S2", 777),
    ]
    ((key, code, _),) = shop_table.problems()
    assert (key, code) == ("2", "23505")
    world.conn.execute("DELETE FROM orders WHERE number = 'S2'")
    assert shop_table.check().missing == 1
    assert shop_table.differences() == SAME
    assert shop_table.problems() == []


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"total": "-5"}, "the total is negative"),
        ({"refunded": "11"}, "more is refunded than the total"),
        ({"refunded": "-1"}, "the refund is negative"),
        ({"order_number": "x" * 65}, "the number has 65 characters; 1 to 64"),
        ({"order_number": " "}, "the number has 0 characters"),
    ],
)
def test_a_row_without_a_sense_as_an_order_says_why(shop_table: Shop, columns: dict[str, Any], reason: str) -> None:
    shop_table.attach()
    shop_table.add(1, **columns)
    assert shop_table.orders() == []
    ((key, code, seen),) = shop_table.problems()
    assert (key, code) == ("1", "mapping")
    assert reason in seen


def test_problems_are_limited_in_number(text_totals: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    text_totals.execute(
        "INSERT INTO attach_problems (attachment_id, external_id, code, reason)"
        " SELECT id, 'old' || n, 'x', 'x' FROM attachments, generate_series(1, 10000) AS n"
    )
    text_totals.execute("UPDATE shop.orders SET total = 'abc'")
    assert text_totals.execute("SELECT count(*) FROM attach_problems").fetchone() == (10000,)


def test_serialization_failures_are_passed_on(shop_table: Shop) -> None:
    """A writer whose snapshot is older than a change of the order can only repeat its transaction."""
    shop_table.add(1)
    shop_table.attach()
    with psycopg.connect(shop_table.service.database_url) as older:
        older.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        older.execute("SELECT 1")
        shop_table.execute("UPDATE orders SET customer = 'changed by another session'")
        with pytest.raises(errors.SerializationFailure):
            older.execute("UPDATE shop.orders SET total = 12 WHERE id = 1")
    assert shop_table.problems() == []


def test_deadlocks_are_passed_on(shop_table: Shop) -> None:
    """A session holds an order and wants a row; the writer of that row wants the order."""
    shop_table.add(1)
    shop_table.attach()
    with (
        psycopg.connect(shop_table.service.database_url) as holder,
        psycopg.connect(shop_table.service.database_url) as writer,
    ):
        # The writer is the one that looks for the deadlock.
        holder.execute("SET deadlock_timeout = '20s'")
        writer.execute("SET deadlock_timeout = '10ms'")
        holder.commit()
        writer.commit()
        holder.execute("SELECT FROM orders WHERE number = 'S1' FOR UPDATE")
        writer.execute("SELECT FROM shop.orders WHERE id = 1 FOR UPDATE")
        holder.pgconn.send_query(b"UPDATE shop.orders SET note = 'held' WHERE id = 1")
        _until_waiting(shop_table, holder)
        with pytest.raises(errors.DeadlockDetected):
            writer.execute("UPDATE shop.orders SET total = 12 WHERE id = 1")
        writer.rollback()
        while holder.pgconn.get_result():
            pass
    assert shop_table.problems() == []


def _until_waiting(shop: Shop, session: psycopg.Connection[Any]) -> None:
    from ..support.wait import eventually

    waits = "SELECT wait_event_type = 'Lock' FROM pg_stat_activity WHERE pid = %s"
    eventually(lambda: shop.execute(waits, session.info.backend_pid).fetchone() == (True,))
