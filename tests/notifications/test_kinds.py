"""Which user gets which kind of notification, by plain SQL as other programs write it."""

from __future__ import annotations

import json
from typing import Any

import psycopg
import pytest
import redis

from webapp.doorbell import connection
from webapp.outbox import drain

from ..support.world import Service, World


def inbox(world: World) -> list[tuple[int, str]]:
    return world.conn.execute("SELECT user_id, type FROM notifications ORDER BY id").fetchall()


def as_user(world: World, user: int, statement: str) -> None:
    with world.conn.transaction():
        world.conn.execute("SELECT set_config('doorbell.actor', %s, true)", [str(user)])
        world.conn.execute(statement)


def test_a_refund_and_a_cancellation_notify_the_owner(world: World) -> None:
    tenant = world.tenant()
    ana = world.user(tenant)
    refunded, cancelled = world.order(tenant, owner_id=ana, paid_at="now"), world.order(tenant, owner_id=ana)
    world.change(refunded, refunded_minor=400)
    world.change(cancelled, cancelled_at="now")
    assert inbox(world) == [(ana, "paid"), (ana, "refunded"), (ana, "cancelled")]


def test_a_reversed_refund_notifies_no_one(world: World) -> None:
    tenant = world.tenant()
    order = world.order(tenant, owner_id=world.user(tenant), paid_at="now", refunded_minor=400)
    before = inbox(world)
    world.change(order, refunded_minor=100)
    assert inbox(world) == before


def test_a_reassignment_notifies_the_new_owner_and_the_former_one(world: World) -> None:
    tenant = world.tenant()
    ana, ben = world.user(tenant, "Ana Silva"), world.user(tenant, "Ben Okafor")
    order = world.order(tenant, owner_id=ana)
    world.change(order, owner_id=ben)
    assert sorted(inbox(world)) == [(ana, "unassigned"), (ben, "assigned")]
    world.change(order, owner_id=None)
    assert inbox(world)[2:] == [(ben, "unassigned")]


def test_a_user_who_takes_or_gives_away_an_order_is_not_notified_of_it(world: World) -> None:
    tenant = world.tenant()
    ana, ben = world.user(tenant, "Ana Silva"), world.user(tenant, "Ben Okafor")
    order = world.order(tenant, owner_id=ana)
    as_user(world, ben, f"UPDATE orders SET owner_id = {ben} WHERE id = {order}")
    assert inbox(world) == [(ana, "unassigned")]
    as_user(world, ben, f"UPDATE orders SET owner_id = {ana} WHERE id = {order}")
    assert inbox(world)[1:] == [(ana, "assigned")]


def test_an_order_that_another_person_places_is_assigned_to_its_owner(world: World) -> None:
    tenant = world.tenant()
    ana, ben = world.user(tenant, "Ana Silva"), world.user(tenant, "Ben Okafor")
    world.order(tenant, owner_id=ana, assigns=True)
    assert inbox(world) == [(ana, "assigned")]
    order = (
        "INSERT INTO orders (tenant_id, number, customer, currency, total_minor, owner_id)"
        f" VALUES ({tenant}, 'OWN', 'Vins', 'EUR', 100, {ben})"
    )
    as_user(world, ben, order)
    assert inbox(world) == [(ana, "assigned")]


def test_an_order_that_is_inserted_as_paid_notifies_of_the_payment_only(world: World) -> None:
    tenant = world.tenant()
    ana = world.user(tenant)
    world.order(tenant, owner_id=ana, paid_at="now")
    assert inbox(world) == [(ana, "paid")]


@pytest.mark.parametrize("placed_at", ["2024-01-01", "yesterday"])
def test_an_order_of_the_past_is_not_assigned(world: World, placed_at: str) -> None:
    tenant = world.tenant()
    world.order(tenant, owner_id=world.user(tenant), placed_at=placed_at, assigns=True)
    hours = world.conn.execute("SELECT extract(epoch FROM now() - placed_at) / 3600 FROM orders").fetchone()
    assert hours is not None
    assert inbox(world) == [] or hours[0] < 24


def test_a_statement_that_takes_the_orders_of_a_user_may_delete_the_user(world: World) -> None:
    tenant = world.tenant()
    ana = world.user(tenant)
    world.order(tenant, owner_id=ana)
    with world.conn.transaction():
        world.conn.execute("UPDATE orders SET owner_id = NULL")
        world.conn.execute("DELETE FROM users WHERE id = %s", [ana])
    assert inbox(world) == []


def test_the_signal_of_a_reassignment_reaches_both_owners(
    world: World, service: Service, redis_client: redis.Redis
) -> None:
    tenant = world.tenant()
    ana, ben = world.user(tenant, "Ana Silva"), world.user(tenant, "Ben Okafor")
    order = world.order(tenant, owner_id=ana)
    with connection.connect(service.database_url) as conn:
        cursor = drain.open_cursor(conn, redis_client)
        world.change(order, owner_id=ben)
        drain.drain(conn, redis_client, cursor)
    log: Any = redis_client.xrange(f"live:{tenant}:log")
    signals = [fields[b"signal"] for _id, fields in log]
    assert json.loads(signals[-1])["users"] == {str(ana): ["inbox"], str(ben): ["inbox"]}


def test_a_mention_is_a_notification_of_its_event(world: World) -> None:
    tenant = world.tenant()
    ana = world.user(tenant)
    world.order(tenant)
    mention = (
        "INSERT INTO notifications (tenant_id, user_id, order_id, event_id, type)"
        " SELECT tenant_id, %s, order_id, id, 'mentioned' FROM order_events"
    )
    world.conn.execute(mention, [ana])
    assert inbox(world) == [(ana, "mentioned")]
    with pytest.raises(psycopg.errors.UniqueViolation):
        world.conn.execute(mention, [ana])
