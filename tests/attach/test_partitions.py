"""Partitioned tables: writes through the table and straight into a partition, partitions that come and go."""

from __future__ import annotations

import pytest

from webapp.attach import triggers

from ..support.attached import Shop

PARTITIONED = """
DROP TABLE shop.orders;
CREATE TABLE shop.orders (
    region text, id bigint, amount numeric NOT NULL, created_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (region, id)
) PARTITION BY LIST (region);
CREATE TABLE shop.orders_eu PARTITION OF shop.orders FOR VALUES IN ('eu');
CREATE TABLE shop.orders_us PARTITION OF shop.orders FOR VALUES IN ('us') PARTITION BY RANGE (id);
CREATE TABLE shop.orders_us_1 PARTITION OF shop.orders_us FOR VALUES FROM (0) TO (100);
INSERT INTO shop.orders VALUES ('eu', 1, 10), ('us', 1, 20)
"""


@pytest.fixture
def parts(shop_table: Shop) -> Shop:
    shop_table.execute(PARTITIONED)
    shop_table.attach()
    return shop_table


def orders(shop: Shop) -> dict[str, int]:
    return dict(shop.orders("external_id, total_minor"))


EU1, US1 = '["eu", "1"]', '["us", "1"]'


def test_rows_of_all_partitions_become_orders(parts: Shop) -> None:
    assert orders(parts) == {EU1: 1000, US1: 2000}


@pytest.mark.parametrize("table", ["orders", "orders_us", "orders_us_1"])
def test_a_write_of_any_level_is_copied(parts: Shop, table: str) -> None:
    parts.execute(f"INSERT INTO shop.{table} VALUES ('us', 2, 5)")
    parts.execute(f"UPDATE shop.{table} SET amount = 6 WHERE id = 2")
    assert orders(parts) == {EU1: 1000, US1: 2000, '["us", "2"]': 600}
    parts.execute(f"DELETE FROM shop.{table} WHERE id = 2")
    assert orders(parts) == {EU1: 1000, US1: 2000}


def test_a_row_that_moves_to_another_partition_is_another_order(parts: Shop) -> None:
    parts.execute("UPDATE shop.orders SET region = 'us', id = 9 WHERE region = 'eu'")
    assert orders(parts) == {'["us", "9"]': 1000, US1: 2000}


def test_truncate_of_a_partition_deletes_its_orders_only(parts: Shop) -> None:
    parts.execute("TRUNCATE shop.orders_us")
    assert orders(parts) == {EU1: 1000}
    parts.execute("TRUNCATE shop.orders")
    assert orders(parts) == {}


def test_a_new_partition_gets_its_triggers_by_the_check(parts: Shop) -> None:
    parts.execute("CREATE TABLE shop.orders_us_2 PARTITION OF shop.orders_us FOR VALUES FROM (100) TO (200)")
    parts.execute("INSERT INTO shop.orders VALUES ('us', 100, 1)")
    parts.execute("INSERT INTO shop.orders_us_2 VALUES ('us', 101, 1)")
    assert '["us", "100"]' in orders(parts)
    drift = parts.check()
    assert (drift.missing, drift.triggers) == (1, 4)
    parts.execute("INSERT INTO shop.orders_us_2 VALUES ('us', 102, 1)")
    assert {'["us", "101"]', '["us", "102"]'} <= orders(parts).keys()


def test_a_detached_partition_loses_its_triggers_and_its_orders_by_the_check(parts: Shop) -> None:
    parts.execute("ALTER TABLE shop.orders DETACH PARTITION shop.orders_eu")
    drift = parts.check()
    assert drift.ghosts == 1
    assert orders(parts) == {US1: 2000}
    parts.execute("INSERT INTO shop.orders_eu VALUES ('eu', 5, 1)")
    assert orders(parts) == {US1: 2000}
    with parts.connect() as conn:
        assert {trigger.sql for trigger in triggers.present(conn, parts.attachment().id)} == {
            "shop.orders", "shop.orders_us", "shop.orders_us_1"
        }  # fmt: skip


def test_an_attached_partition_brings_its_rows_by_the_check(parts: Shop) -> None:
    parts.execute("CREATE TABLE shop.orders_jp (LIKE shop.orders INCLUDING ALL)")
    parts.execute("INSERT INTO shop.orders_jp VALUES ('jp', 1, 3)")
    parts.execute("ALTER TABLE shop.orders ATTACH PARTITION shop.orders_jp FOR VALUES IN ('jp')")
    assert parts.check().missing == 1
    parts.execute("UPDATE shop.orders_jp SET amount = 4")
    assert orders(parts)['["jp", "1"]'] == 400
