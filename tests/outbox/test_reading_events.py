"""The SQL that docs/events.md gives to consumers, run as it is printed there."""

from __future__ import annotations

import re
from pathlib import Path

import psycopg
import pytest

from ..support.world import Service, World

PAGE = (Path(__file__).parents[2] / "docs" / "events.md").read_text()
MAKE, BEGIN, READ, SAVE, END = re.findall(r"```sql\n(.*?)```", PAGE, re.DOTALL)

Event = tuple[int, str]  # order, type


class Consumer:
    """A consumer that follows the steps of the page. Its state is only in the database, so it can crash between any two."""

    def __init__(self, conn: psycopg.Connection, page: int = 1000) -> None:
        self.conn = conn
        assert "LIMIT 1000" in READ
        self.read_sql = READ.replace("LIMIT 1000", f"LIMIT {page}")

    def begin(self) -> None:
        self.conn.execute(BEGIN)

    def page(self, *, saved: bool = True) -> list[Event]:
        cursor = self.conn.execute(self.read_sql)
        names = [column.name for column in cursor.description or ()]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        if rows and saved:
            self.conn.execute(SAVE.replace(":last_id", str(rows[-1]["id"])))
        return [(row["order_id"], row["type"]) for row in rows]

    def end(self) -> None:
        self.conn.execute(END)

    def all(self) -> list[Event]:
        """All events of one difference."""
        self.begin()
        events: list[Event] = []
        while page := self.page():
            events += page
        self.end()
        return events


@pytest.fixture
def consumer(conn: psycopg.Connection) -> Consumer:
    conn.execute(MAKE)
    return Consumer(conn)


def test_each_event_is_read_once(consumer: Consumer, world: World) -> None:
    order = world.order(world.tenant())
    assert consumer.all() == [(order, "placed")]
    assert consumer.all() == []
    world.change(order, paid_at=world.now())
    world.change(order, shipped_at=world.now())
    assert consumer.all() == [(order, "paid"), (order, "shipped")]


def test_an_orders_events_come_in_the_order_of_its_commits(consumer: Consumer, world: World, service: Service) -> None:
    """The later change has the older transaction, so by xid the shipment would come before the payment."""
    order = world.order(world.tenant())
    consumer.all()
    with psycopg.connect(service.database_url) as early:
        early.execute("SELECT pg_current_xact_id()")
        world.change(order, paid_at=world.now())
        early.execute("UPDATE orders SET shipped_at = now() WHERE id = %s", [order])
    assert consumer.all() == [(order, "paid"), (order, "shipped")]
    by_xid = world.conn.execute("SELECT type FROM order_events WHERE type <> 'placed' ORDER BY xid, id").fetchall()
    assert by_xid == [("shipped",), ("paid",)], "this test no longer proves anything"


def test_an_open_transaction_delays_its_own_events_only(consumer: Consumer, world: World, service: Service) -> None:
    tenant = world.tenant()
    with psycopg.connect(service.database_url) as late:
        mine = World(late).order(tenant, number="late")
        other = world.order(tenant)
        assert consumer.all() == [(other, "placed")]
        assert consumer.all() == []
    assert consumer.all() == [(mine, "placed")]


def test_a_crash_repeats_the_page_that_was_not_saved_and_loses_no_late_commit(
    consumer: Consumer, world: World, service: Service
) -> None:
    tenant = world.tenant()
    with psycopg.connect(service.database_url) as late:
        lower = World(late).order(tenant, number="late")  # lowest id, committed last
        orders = [world.order(tenant) for _ in range(5)]
        consumer.read_sql = READ.replace("LIMIT 1000", "LIMIT 2")
        consumer.begin()
        assert consumer.page() == [(order, "placed") for order in orders[:2]]
        assert consumer.page(saved=False) == [(order, "placed") for order in orders[2:4]]
    restarted = Consumer(world.conn, page=2)
    assert restarted.page() == [(order, "placed") for order in orders[2:4]]
    assert restarted.page() == [(orders[4], "placed")]
    assert restarted.page() == []
    restarted.end()
    assert restarted.all() == [(lower, "placed")]


def test_a_consumer_can_start_at_the_first_event(consumer: Consumer, world: World) -> None:
    order = world.order(world.tenant())
    consumer.all()
    world.conn.execute("UPDATE my_reader SET s1 = '1:1:'")
    assert consumer.all() == [(order, "placed")]
    assert "'1:1:'" in MAKE
