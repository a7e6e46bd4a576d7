"""Migrations go up and down without losing rows, and make the tables of the models."""

from __future__ import annotations

import logging
from typing import Any

import flask_migrate
import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from psycopg import sql

from migrations import write_schema
from webapp.db import db

from ..support.webhooks import notify_disabled
from ..support.world import Service, World

# Tables and columns that 0009 renames.
NEW_NAMES = {"readers": "outbox_readers", "form_token": "idempotency_key"}
# Revision -> a query that is true at it and false at the one before.
SIGNS = {
    "0003": "SELECT prosrc ~ 'pg_try_advisory_lock_shared' FROM pg_proc WHERE proname = 'order_events_inserted'",
    "0004": "SELECT to_regproc('order_events_drop_partition') IS NOT NULL",
    "0009": "SELECT to_regclass('outbox_readers') IS NOT NULL",
}


def _relations(conn: psycopg.Connection) -> set[str]:
    rows = conn.execute(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
        " UNION ALL SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
    ).fetchall()
    return {name for (name,) in rows}


def _rows(conn: psycopg.Connection) -> dict[str, list[dict[str, Any]]]:
    """The rows of every table, with the names of tables and columns as they are now."""
    tables = conn.execute(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
        " AND NOT relispartition AND relname <> 'alembic_version' ORDER BY 1"
    ).fetchall()
    found: dict[str, list[dict[str, Any]]] = {}
    table: str
    for (table,) in tables:
        query = sql.SQL("SELECT to_jsonb(t) FROM {} AS t ORDER BY to_jsonb(t)::text").format(sql.Identifier(table))
        rows = [{NEW_NAMES.get(name, name): value for name, value in row.items()} for (row,) in conn.execute(query)]
        found[NEW_NAMES.get(table, table)] = rows
    return found


def _fill(world: World, readers: str, key: str) -> int:
    """A tenant, a user, a reader, notifications and a paid order that a form has placed; returns the order's id."""
    tenant = world.tenant()
    values: dict[str, Any] = {"owner_id": world.user(tenant), key: "6f2b9c1e-0000-4000-8000-000000000001"}
    order = world.order(tenant, **values)
    world.change(order, paid_at=world.now())
    world.conn.execute(
        f"INSERT INTO {readers} (name, snapshot, system_identifier, timeline, drained_at)"
        " SELECT 'listener', pg_current_snapshot(), system_identifier, 1, now() FROM pg_control_system()"
    )
    return order


def test_the_migrations_make_the_tables_of_the_models(app: Flask) -> None:
    with app.app_context(), db.engine.connect() as connection:
        options = {
            "include_object": lambda _o, name, type_, *_: not (type_ == "table" and name.startswith("order_events_"))
        }
        differences = compare_metadata(MigrationContext.configure(connection, opts=options), db.metadata)
    ours = [d for d in differences if "alembic_version" not in str(d)]
    assert ours == []


def test_the_migrations_go_down_to_an_empty_database_and_up_again(app: Flask, conn: psycopg.Connection) -> None:
    before = _relations(conn)
    with app.app_context():
        flask_migrate.downgrade(revision="base")
        assert _relations(conn) == {"alembic_version", "alembic_version_pkc"}
        flask_migrate.upgrade()
    assert _relations(conn) == before


@pytest.mark.parametrize("revision", SIGNS)
def test_a_migration_keeps_every_row_on_its_way_up_and_down(app: Flask, world: World, revision: str) -> None:
    earlier = f"{int(revision) - 1:04}"
    with app.app_context():
        flask_migrate.downgrade(revision=earlier)
        order = _fill(world, "readers", "form_token")
        rows = _rows(world.conn)
        assert {name for name, kept in rows.items() if kept} >= {"orders", "outbox_readers", "notifications", "users"}

        flask_migrate.upgrade(revision=revision)
        assert world.conn.execute(SIGNS[revision]).fetchone() == (True,)
        assert _rows(world.conn) == rows
        world.change(order, shipped_at=world.now())
        rows = _rows(world.conn)

        flask_migrate.downgrade(revision=earlier)
        assert world.conn.execute(SIGNS[revision]).fetchone() == (False,)
        assert _rows(world.conn) == rows
        world.change(order, refunded_minor=5)
        flask_migrate.upgrade()
    assert [event["type"] for event in world.events()] == ["placed", "paid", "shipped", "refunded"]


def test_the_downgrade_of_0009_restores_the_whole_schema_of_0008(app: Flask, service: Service) -> None:
    with app.app_context():
        flask_migrate.downgrade(revision="base")
        flask_migrate.upgrade(revision="0008")
        schema = write_schema.read(service.database_url)
        assert "reader_is_of_our_past" in schema
        flask_migrate.upgrade(revision="0009")
        assert "reader_is_of_our_past" not in write_schema.read(service.database_url)
        flask_migrate.downgrade(revision="0008")
    assert write_schema.read(service.database_url) == schema


def test_the_downgrade_of_0010_restores_the_schema_of_0009(app: Flask, service: Service) -> None:
    with app.app_context():
        flask_migrate.downgrade(revision="base")
        flask_migrate.upgrade(revision="0009")
        schema = write_schema.read(service.database_url)
        flask_migrate.upgrade(revision="0010")
        assert "ck_outbox_readers_diff" in write_schema.read(service.database_url)
        flask_migrate.downgrade(revision="0009")
    assert write_schema.read(service.database_url) == schema


def test_0013_keeps_notifications_of_orders_and_its_downgrade_removes_those_of_webhooks(
    app: Flask, world: World, service: Service
) -> None:
    with app.app_context():
        flask_migrate.downgrade(revision="0012")
        schema = write_schema.read(service.database_url)
        order = _fill(world, "outbox_readers", "idempotency_key")
        rows = _rows(world.conn)["notifications"]
        assert [row["order_id"] for row in rows] == [order]
        flask_migrate.upgrade()
        new = {"destination_id": None, "destination": None, "error": None}
        assert _rows(world.conn)["notifications"] == [row | new for row in rows]
        notify_disabled(world.conn, rows[0]["user_id"], "billing", destination_id=7)
        assert len(_rows(world.conn)["notifications"]) == 2
        flask_migrate.downgrade(revision="0012")
        assert _rows(world.conn)["notifications"] == rows
        assert write_schema.read(service.database_url) == schema
        flask_migrate.upgrade()
    world.change(order, shipped_at=world.now())
    assert len(_rows(world.conn)["notifications"]) == 2


def test_the_downgrade_to_0013_restores_its_functions_and_keeps_the_orders_of_a_detached_table(
    app: Flask, world: World, service: Service
) -> None:
    with app.app_context():
        flask_migrate.downgrade(revision="0013")
        schema = write_schema.read(service.database_url)
        assert "refund_moment" not in schema
        order = _fill(world, "outbox_readers", "idempotency_key")
        flask_migrate.upgrade()
        world.change(order, refunded_minor=5, refunded_at=world.now())
        world.conn.execute("UPDATE orders SET source = 'shop.orders', external_id = '7'")
        rows = _rows(world.conn)
        assert rows["tenants"][0].pop("working_days") == [1, 2, 3, 4, 5]  # a column of 0020
        assert rows["tenants"][0].pop("shows_ranking") is True  # a column of 0023
        assert [row.pop("language") for row in rows["users"]] == [None] * len(rows["users"])  # a column of 0024
        assert rows["tenants"][0].pop("team_visible") is True  # a column of 0026
        assert {(user.pop("theme"), user.pop("shortcuts")) for user in rows["users"]} == {(None, True)}  # of 0026
        assert rows["tenants"][0].pop("requires_second_factor") is False  # a column of 0031
        assert [user.pop("second_factor_at") for user in rows["users"]] == [None] * len(rows["users"])  # of 0031
        rule = ("orders_keep_months", "orders_open_kept", "orders_removed_before", "deletion_at")  # of 0034
        assert [rows["tenants"][0].pop(name) for name in rule] == [None, True, None, None]
        flask_migrate.downgrade(revision="0013")
        assert write_schema.read(service.database_url) == schema
        kept = {name: rows[name] for name in ("order_events", "notifications", "users", "tenants")}
        assert {name: found for name, found in _rows(world.conn).items() if name in kept} == kept
        world.change(order, refunded_minor=6)
        flask_migrate.upgrade()
    found = _rows(world.conn)["orders"]
    assert [(row["source"], row["refunded_minor"], row["external_id"]) for row in found] == [("shop.orders", 6, None)]


def test_attached_tables_stop_the_downgrade_with_their_names(app: Flask, world: World) -> None:
    tenant = world.tenant()
    world.conn.execute(
        "INSERT INTO attachments (name, relation, tenant_id, mapping, created_by)"
        " VALUES ('shop.orders', 'users', %s, '{}', 'a test')",
        [tenant],
    )
    with app.app_context(), pytest.raises(psycopg.errors.RaiseException, match=r"\(shop.orders\): detach them first"):
        flask_migrate.downgrade(revision="0015")


def test_a_notification_concerns_either_an_order_or_a_webhook(world: World) -> None:
    order = _fill(world, "outbox_readers", "idempotency_key")
    for wrong in ("destination_id = 7, destination = 'billing'", "event_id = NULL", "error = 'refused'"):
        with pytest.raises(psycopg.errors.CheckViolation):
            world.conn.execute(f"UPDATE notifications SET {wrong} WHERE order_id = {order}")
    notify_disabled(world.conn, world.user(world.tenant("other")), "billing")
    for wrong in (f"order_id = {order}", "destination = NULL", "destination_id = NULL"):
        with pytest.raises(psycopg.errors.CheckViolation):
            world.conn.execute(f"UPDATE notifications SET {wrong} WHERE order_id IS NULL")


def test_a_disabled_user_cannot_sign_in_after_a_downgrade_and_an_upgrade(app: Flask, world: World) -> None:
    """Earlier revisions let in each user with a password, so the downgrade removes the passwords of disabled users."""
    tenant = world.tenant()
    left, stays = world.user(tenant, "left"), world.user(tenant, "stays")
    world.conn.execute("UPDATE users SET password_hash = 'a hash'")
    world.conn.execute("UPDATE users SET disabled_at = now() WHERE id = %s", [left])
    with app.app_context():
        flask_migrate.downgrade(revision="0006")
        can_sign_in = world.conn.execute("SELECT id FROM users WHERE password_hash IS NOT NULL").fetchall()
        assert can_sign_in == [(stays,)]
        flask_migrate.upgrade()
    assert world.conn.execute("SELECT id FROM users WHERE password_hash IS NOT NULL").fetchall() == [(stays,)]


def test_texts_that_are_too_long_stop_the_migration_and_their_rows_are_named(
    app: Flask, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing is truncated and nothing is half done. After the advised statements the migration succeeds."""
    with app.app_context():
        flask_migrate.downgrade(revision="0005")
        tenant = world.tenant(name="x" * 501)
        for number in range(7):
            world.order(tenant, number=f"L{number}", customer="é" * 600)
        with caplog.at_level(logging.ERROR), pytest.raises(SystemExit):
            flask_migrate.upgrade()
        assert world.conn.execute("SELECT version_num FROM alembic_version").fetchone() == ("0005",)
        assert "orders.customer has at most 500 characters; longer: 7 rows" in caplog.text
        assert f"(tenant_id, number) = ({tenant},L0), ({tenant},L1), ({tenant},L2)" in caplog.text
        assert "longer: 1 row, (id) =" in caplog.text
        for line in caplog.text.splitlines():
            if "for example: " in line:
                world.conn.execute(line.partition("for example: ")[2])
        flask_migrate.upgrade()
    assert world.conn.execute("SELECT DISTINCT length(customer) FROM orders").fetchall() == [(500,)]


def test_doorbell_works_in_a_schema_of_its_own(app: Flask, service: Service, conn: psycopg.Connection) -> None:
    conn.execute('CREATE SCHEMA "its Own"; DROP SCHEMA public CASCADE')
    conn.execute(f'ALTER DATABASE {conn.info.dbname} SET search_path = "its Own"')
    with app.app_context():
        flask_migrate.upgrade()
    with psycopg.connect(service.database_url, autocommit=True) as later:
        world = World(later)
        tenant = world.tenant()
        order = world.order(tenant, owner_id=world.user(tenant))
        world.change(order, paid_at=world.now(), customer="Ada")
        later.execute("SELECT order_events_make_partitions(4)")
        later.execute("TRUNCATE orders CASCADE")
        assert [event["type"] for event in world.events()] == ["placed", "edited", "paid", "deleted"]
        pinned = later.execute("SELECT DISTINCT proconfig FROM pg_proc WHERE prosecdef").fetchall()
        assert all('search_path=pg_catalog, "its Own", pg_temp' in settings for (settings,) in pinned)
        assert later.execute("SELECT count(*) FROM order_events_partitions()").fetchone() == (5,)
