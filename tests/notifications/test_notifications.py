"""Which events of an order notify its owner, and which do not."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ..support.world import World


def inbox(world: World) -> list[tuple[int, str]]:
    return world.conn.execute("SELECT user_id, type FROM notifications ORDER BY id").fetchall()


def test_the_owner_is_notified_once_when_another_user_pays_or_ships(world: World) -> None:
    tenant = world.tenant()
    ana = world.user(tenant, "Ana Silva")
    world.order(tenant, owner_id=ana)
    world.order(tenant)
    world.conn.execute("UPDATE orders SET paid_at = now()")
    world.conn.execute("UPDATE orders SET paid_at = now() + interval '1 s'")
    world.conn.execute("UPDATE orders SET shipped_at = now(), refunded_minor = 1")
    assert inbox(world) == [(ana, "paid"), (ana, "shipped"), (ana, "refunded")]


def test_users_are_not_notified_of_their_own_actions(world: World) -> None:
    tenant = world.tenant()
    ana, ben = world.user(tenant, "Ana Silva"), world.user(tenant, "Ben Okafor")
    for owner in (ana, ben):
        world.order(tenant, owner_id=owner)
    with world.conn.transaction():
        world.conn.execute("SELECT set_config('doorbell.actor', %s, true)", [str(ana)])
        world.conn.execute("UPDATE orders SET paid_at = now()")
    assert inbox(world) == [(ben, "paid")]


def test_a_writer_of_past_orders_can_turn_notifications_off(world: World) -> None:
    tenant = world.tenant()
    ana = world.user(tenant)
    with world.conn.transaction():
        world.conn.execute("SET LOCAL doorbell.notify = off")
        world.order(tenant, owner_id=ana, paid_at="1996-07-04")
    world.order(tenant, owner_id=ana, paid_at=world.now())
    assert inbox(world) == [(ana, "paid")]


@pytest.mark.parametrize("off", ["off", "OFF", "false", "0"])
def test_every_spelling_of_off_turns_notifications_off(world: World, off: str) -> None:
    tenant = world.tenant()
    world.conn.execute("SELECT set_config('doorbell.notify', %s, false)", [off])
    world.order(tenant, owner_id=world.user(tenant), paid_at=world.now())
    assert inbox(world) == []


def test_a_bulk_load_of_history_by_plain_sql_notifies_no_one(world: World) -> None:
    tenant = world.tenant()
    ana = world.user(tenant, "Ana Silva")
    world.conn.execute(
        "INSERT INTO orders (tenant_id, number, customer, currency, total_minor, placed_at, paid_at, shipped_at, owner_id)"
        " SELECT %s, 'HIST-' || g, 'old', 'EUR', 1000, '2024-01-01', '2024-01-02',"
        "   CASE WHEN g > 490 THEN now() ELSE '2024-01-03' END, %s FROM generate_series(1, 500) AS g",
        [tenant, ana],
    )
    # A shipment of today is news, in the same statement too.
    assert inbox(world) == [(ana, "shipped")] * 10
    world.conn.execute(
        "UPDATE orders SET refunded_minor = 1000, refunded_at = '2024-01-09', cancelled_at = '2024-01-09'"
    )
    assert len(inbox(world)) == 10


def test_events_older_than_a_day_are_recorded_and_notify_no_one(world: World) -> None:
    tenant = world.tenant()
    ana = world.user(tenant)
    past, recent = world.now() - timedelta(hours=25), world.now() - timedelta(hours=23)
    world.order(tenant, owner_id=ana, placed_at=past, paid_at=past, shipped_at=past)
    order = world.order(tenant, owner_id=ana)
    world.change(order, paid_at=past)
    assert inbox(world) == []
    assert [event["type"] for event in world.events()] == ["placed", "paid", "shipped", "placed", "paid"]
    world.change(order, shipped_at=recent)
    assert inbox(world) == [(ana, "shipped")]
