"""--replica: a table that logical replication fills, with a real publication and subscription between two servers."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from ..support.attached import SAME, SHOP_ORDERS, Shop
from ..support.servers import migrated_servers
from ..support.wait import eventually
from ..support.world import Service, World


@pytest.fixture
def publisher(service: Service) -> Iterator[psycopg.Connection]:
    """The shop's own server, with wal_level logical."""
    with (
        migrated_servers(lambda conn: conn.execute("ALTER SYSTEM SET wal_level = logical")) as shop,
        psycopg.connect(shop.database_url, autocommit=True) as conn,
    ):
        conn.execute(SHOP_ORDERS)
        conn.execute("CREATE PUBLICATION orders_out FOR TABLE shop.orders")
        yield conn


def _subscribe(shop: Shop, publisher: psycopg.Connection) -> None:
    info = publisher.info
    address = f"host={info.host} port={info.port} dbname={info.dbname} user={info.user}"
    shop.execute(f"CREATE SUBSCRIPTION orders_in CONNECTION '{address}' PUBLICATION orders_out")


@pytest.fixture
def replicated(shop_table: Shop, publisher: psycopg.Connection) -> Iterator[Shop]:
    publisher.execute("INSERT INTO shop.orders (id, order_number, customer_name, total) VALUES (1, 'S1', 'Toms', 10)")
    _subscribe(shop_table, publisher)
    eventually(lambda: shop_table.execute("SELECT count(*) FROM shop.orders").fetchone() == (1,), 60)
    yield shop_table
    shop_table.execute("DROP SUBSCRIPTION orders_in")


def test_replicated_writes_become_orders_with_their_events(
    replicated: Shop, publisher: psycopg.Connection, world: World
) -> None:
    owner = world.user(replicated.tenant_id)
    replicated.attach(is_replica=True)
    assert replicated.orders() == [("S1", 1000, "placed")]
    world.conn.execute("UPDATE orders SET owner_id = %s", [owner])
    publisher.execute("INSERT INTO shop.orders (id, order_number, customer_name, total) VALUES (2, 'S2', 'Toms', 20)")
    publisher.execute("UPDATE shop.orders SET paid_at = now() WHERE id = 1")
    eventually(lambda: replicated.orders() == [("S1", 1000, "paid"), ("S2", 2000, "placed")], 30)
    types = [event["type"] for event in world.events()]
    assert types == ["placed", "reassigned", "placed", "paid"]
    assert world.conn.execute("SELECT count(*) FROM notifications").fetchone() == (2,)
    # Foreign keys do not cascade while changes are applied.
    publisher.execute("UPDATE shop.orders SET deleted_at = now() WHERE id = 1")
    eventually(lambda: replicated.orders() == [("S2", 2000, "placed")], 30)
    assert world.conn.execute("SELECT count(*) FROM notifications").fetchone() == (0,)
    publisher.execute("DELETE FROM shop.orders WHERE id = 2")
    eventually(lambda: replicated.orders() == [], 30)
    publisher.execute("INSERT INTO shop.orders (id, order_number, customer_name, total) VALUES (3, 'S3', 'Toms', 20)")
    eventually(lambda: len(replicated.orders()) == 1, 30)
    publisher.execute("TRUNCATE shop.orders")
    eventually(lambda: replicated.orders() == [], 30)
    assert replicated.differences() == SAME


def test_a_fault_in_a_row_does_not_stop_the_replication(replicated: Shop, publisher: psycopg.Connection) -> None:
    replicated.attach(is_replica=True)
    publisher.execute("INSERT INTO shop.orders (id, order_number, customer_name, total) VALUES (2, '', 'Toms', 20)")
    publisher.execute("INSERT INTO shop.orders (id, order_number, customer_name, total) VALUES (3, 'S3', 'Toms', 20)")
    eventually(lambda: len(replicated.orders()) == 2, 30)
    assert [problem[0] for problem in replicated.problems()] == ["2"]


def test_statement_triggers_are_silent_for_replicated_writes_and_the_check_finds_them(
    replicated: Shop, publisher: psycopg.Connection
) -> None:
    """Why --replica exists."""
    replicated.attach()
    publisher.execute("UPDATE shop.orders SET total = 99")
    eventually(lambda: replicated.execute("SELECT total = 99 FROM shop.orders").fetchone() == (True,), 30)
    assert replicated.differences()["stale"] == 1
    assert replicated.check().stale == 1
    assert replicated.differences() == SAME


def test_ordinary_sessions_write_through_the_row_triggers_too(shop_table: Shop, world: World) -> None:
    for id in range(1, 4):
        shop_table.add(id)
    shop_table.attach(is_replica=True)
    shop_table.execute("SET session_replication_role = replica")
    shop_table.execute("UPDATE shop.orders SET total = 12 WHERE id = 1")
    shop_table.execute("RESET session_replication_role")
    shop_table.execute("UPDATE shop.orders SET id = 9 WHERE id = 2; DELETE FROM shop.orders WHERE id = 3")
    assert shop_table.orders("external_id, total_minor") == [("1", 1200), ("9", 1000)]
    assert shop_table.differences() == SAME
    assert world.events()[-1]["type"] == "deleted"
