"""The migration of the history counts the refunds and products of the orders that are there."""

from __future__ import annotations

import flask_migrate
from flask import Flask

from webapp.rollups import refresh

from ..support.order_lines import add_line
from ..support.plain_count import assert_they_equal_a_plain_count
from ..support.world import Service, World


def test_the_migration_fills_the_new_rollups(app: Flask, service: Service, world: World) -> None:
    tenant = world.tenant(timezone="Asia/Kolkata")
    ana = world.user(tenant)
    for n in range(6):
        at = f"2026-03-0{1 + n} 19:{n}5+00"
        order = world.order(tenant, 1000, owner_id=ana if n % 2 else None, placed_at=at, paid_at=at)
        add_line(world, tenant, order, "Tea", 600)
        add_line(world, tenant, order, "Tea" if n % 3 else "Cup", 400)
        world.change(order, refunded_minor=100 * n)
    refresh.refresh(service.database_url)
    with app.app_context():
        flask_migrate.downgrade(revision="0024")
        flask_migrate.upgrade()
    assert_they_equal_a_plain_count(world.conn)
    row = world.conn.execute("SELECT sum(refunded_minor)::int FROM rollups_daily").fetchone()
    assert row == (1500,)
