"""A program with the documented rights, `doorbell_writer`, and the limits of these rights."""

from __future__ import annotations

import re
from pathlib import Path

import psycopg
import pytest

from ..support.world import World


def types(world: World) -> list[str]:
    return [event["type"] for event in world.events()]


def place(session: psycopg.Connection, tenant: int, number: str = "S-1", customer: str = "Ada") -> int:
    row = session.execute(
        "INSERT INTO orders (tenant_id, number, customer, currency, total_minor) VALUES (%s, %s, %s, 'EUR', 1000)"
        " RETURNING id",
        [tenant, number, customer],
    ).fetchone()
    assert row is not None
    return int(row[0])


def test_a_program_places_changes_and_upserts_orders_and_their_lines(world: World, shop: psycopg.Connection) -> None:
    tenant = world.tenant()
    order = place(shop, tenant)
    shop.execute(
        "INSERT INTO order_lines (tenant_id, order_id, position, product, quantity, unit_price_minor, total_minor)"
        " VALUES (%s, %s, 1, 'Tea', 2, 500, 1000)",
        [tenant, order],
    )
    shop.execute("UPDATE order_lines SET quantity = 1, total_minor = 500 WHERE order_id = %s", [order])
    shop.execute("DELETE FROM order_lines WHERE order_id = %s", [order])
    shop.execute(
        "UPDATE orders SET paid_at = now(), updated_at = now() WHERE tenant_id = %s AND number = 'S-1'", [tenant]
    )
    shop.execute(
        "INSERT INTO orders (tenant_id, number, customer, currency, total_minor) VALUES (%(t)s, 'S-1', %(c)s, 'EUR', 1200)"
        " ON CONFLICT (tenant_id, number) DO UPDATE SET customer = %(c)s, total_minor = 1200",
        {"t": tenant, "c": "Grace"},
    )
    with shop.transaction(), shop.cursor() as cursor:
        cursor.execute(
            "CREATE TEMP TABLE sent (tenant_id bigint, number text, customer text, currency text, total_minor bigint)"
        )
        with cursor.copy("COPY sent FROM STDIN") as copy:
            copy.write_row((tenant, "S-2", "Copied", "EUR", 5))
        cursor.execute("INSERT INTO orders (tenant_id, number, customer, currency, total_minor) SELECT * FROM sent")
    assert types(world) == ["placed", "paid", "edited", "placed"]
    assert {event["written_by"] for event in world.events()} == {"shop"}


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO orders (id, tenant_id, number, customer, currency, total_minor) OVERRIDING SYSTEM VALUE"
        " VALUES (1000, 1, 'x', 'x', 'EUR', 1)",
        "UPDATE orders SET id = DEFAULT",
        "UPDATE orders SET tenant_id = 2",
        "UPDATE orders SET idempotency_key = gen_random_uuid()",
        "SELECT customer FROM orders",
        "SELECT count(total_minor) FROM orders",
        "UPDATE orders SET paid_at = now() RETURNING customer",
        "COPY orders TO STDOUT",
        "SELECT product FROM order_lines",
        "SELECT slug FROM tenants",
        "SELECT email FROM users",
        "SELECT via FROM order_events",
        "SELECT type FROM notifications",
        "SELECT name FROM outbox_readers",
        "SELECT nextval('orders_id_seq')",
        "SELECT setval('orders_id_seq', 1)",
        "SELECT nextval('order_events_id_seq')",
        "DELETE FROM orders",
        "UPDATE tenants SET currency = 'USD'",
    ],
)
def test_a_program_can_set_no_id_and_read_only_keys(world: World, shop: psycopg.Connection, statement: str) -> None:
    world.order(world.tenant())
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        shop.execute(statement)


def test_the_documented_upsert_works_twice_with_these_rights(world: World, shop: psycopg.Connection) -> None:
    world.tenant()
    page = (Path(__file__).parents[2] / "docs" / "postgresql.md").read_text()
    (upsert,) = re.findall(r"^INSERT INTO orders.*?;$", page, re.DOTALL | re.MULTILINE)
    shop.execute(upsert)
    shop.execute(upsert)
    assert types(world)[:2] == ["placed", "paid"]


def test_a_program_cannot_lock_the_orders(shop: psycopg.Connection) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege), shop.transaction():
        shop.execute("LOCK TABLE orders IN ROW SHARE MODE")


@pytest.mark.parametrize("column", ["customer", "source", "number"])
def test_a_program_cannot_write_megabytes_into_an_order(world: World, shop: psycopg.Connection, column: str) -> None:
    order = place(shop, world.tenant())
    with pytest.raises(psycopg.errors.CheckViolation):
        shop.execute(f"UPDATE orders SET {column} = repeat('x', 20000000) WHERE id = %s", [order])
    with pytest.raises(psycopg.errors.CheckViolation):
        shop.execute(f"UPDATE orders SET {column} = repeat('é', 501) WHERE id = %s", [order])


@pytest.mark.parametrize("column", ["sku", "product"])
def test_a_program_cannot_write_megabytes_into_a_line(world: World, shop: psycopg.Connection, column: str) -> None:
    tenant = world.tenant()
    order = place(shop, tenant)
    values = {"sku": "''", "product": "'Tea'"} | {column: "repeat('x', 501)"}
    with pytest.raises(psycopg.errors.CheckViolation):
        shop.execute(
            "INSERT INTO order_lines (tenant_id, order_id, position, sku, product, quantity, unit_price_minor, total_minor)"
            f" VALUES ({tenant}, {order}, 1, {values['sku']}, {values['product']}, 1, 1, 1)"
        )


def test_a_program_cannot_act_as_a_user(world: World, shop: psycopg.Connection) -> None:
    """The claim is stored in claimed_actor_id and suppresses no notification."""
    tenant = world.tenant()
    ana = world.user(tenant)
    order = world.order(tenant, owner_id=ana, number="S-1")
    shop.execute("SET application_name = 'doorbell web'")
    shop.execute("SELECT set_config('doorbell.actor', %s, false)", [str(ana)])
    shop.execute("UPDATE orders SET paid_at = now() WHERE id = %s", [order])
    paid = world.events()[-1]
    assert (paid["actor_id"], paid["claimed_actor_id"]) == (None, ana)
    assert (paid["via"], paid["written_by"]) == ("doorbell web", "shop")
    assert world.conn.execute("SELECT user_id, type FROM notifications").fetchall() == [(ana, "paid")]


def test_doorbells_own_role_acts_for_its_users(world: World, shop: psycopg.Connection) -> None:
    tenant = world.tenant()
    ana = world.user(tenant)
    order = world.order(tenant, owner_id=ana)
    with world.conn.transaction():
        world.conn.execute("SELECT set_config('doorbell.actor', %s, true)", [str(ana)])
        world.change(order, paid_at=world.now())
    paid = world.events()[-1]
    assert (paid["actor_id"], paid["claimed_actor_id"], paid["written_by"]) == (ana, None, "postgres")
    assert world.conn.execute("SELECT FROM notifications").fetchall() == []


def test_written_by_is_the_role_that_signed_in_not_a_set_role(world: World, shop: psycopg.Connection) -> None:
    world.conn.execute("DROP ROLE IF EXISTS colleague")
    world.conn.execute("CREATE ROLE colleague; GRANT doorbell_writer TO colleague; GRANT colleague TO shop")
    try:
        shop.execute("SET ROLE colleague")
        place(shop, world.tenant())
        assert world.events()[-1]["written_by"] == "shop"
    finally:
        world.conn.execute("DROP ROLE colleague")


def test_a_session_with_odd_settings_writes_the_same_events(world: World, shop: psycopg.Connection) -> None:
    tenant = world.tenant()
    for setting in (
        "search_path = pg_temp",
        "standard_conforming_strings = off",
        "DateStyle = 'German, DMY'",
        "IntervalStyle = 'sql_standard'",
        "TimeZone = 'Asia/Kathmandu'",
        "transform_null_equals = on",
        "quote_all_identifiers = on",
        "array_nulls = off",
        "enable_hashjoin = off",
        "plan_cache_mode = force_generic_plan",
        "client_encoding = 'LATIN1'",
    ):
        shop.execute(f"SET {setting}")
    shop.execute(
        "INSERT INTO public.orders (tenant_id, number, customer, currency, total_minor) VALUES (%s, 'S-1', 'A', 'EUR', 1)",
        [tenant],
    )
    shop.execute("UPDATE public.orders SET paid_at = now(), customer = 'B' WHERE number = 'S-1'")
    assert types(world) == ["placed", "edited", "paid"]
