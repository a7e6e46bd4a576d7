"""PostgreSQL itself keeps the web role to one tenant, whatever the statement: on real sessions of that role."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from webapp.postgres.tenant_tables import TENANT_TABLES

from ..support.process_urls import ProcessUrls
from ..support.world import World

SET = "SELECT set_config('doorbell.tenant', %s, true)"


class Two:
    """Two tenants, each with rows in many tables."""

    def __init__(self, world: World) -> None:
        self.ours, self.theirs = (self._fill(world, slug) for slug in ("ours", "theirs"))

    def _fill(self, world: World, slug: str) -> int:
        tenant = world.tenant(slug)
        user = world.user(tenant, slug.title())
        order = world.order(tenant, number="A1", customer="Guest", owner_id=user, assigns=True)
        world.order(tenant, number="A2", customer="Guest")
        world.change(order, paid_at="now")
        world.conn.execute(
            "INSERT INTO order_lines (tenant_id, order_id, position, product, quantity, unit_price_minor, total_minor)"
            " VALUES (%s, %s, 1, 'Pen', 1, 1000, 1000)",
            [tenant, order],
        )
        destination = {"name": slug, "kind": "webhook", "url": "https://example.com", "tenant_id": tenant}
        world.insert("relay_destinations", destination)
        return tenant


@pytest.fixture
def two(world: World) -> Two:
    return Two(world)


@pytest.fixture
def web(process_urls: ProcessUrls) -> Iterator[psycopg.Connection]:
    with psycopg.connect(process_urls.web) as conn:
        yield conn


def count(conn: psycopg.Connection, table: str, where: str = "true") -> int:
    row = conn.execute(f"SELECT count(*) FROM {table} WHERE {where}".encode()).fetchone()
    assert row is not None
    return int(row[0])


def test_without_a_tenant_no_table_shows_a_row(two: Two, web: psycopg.Connection, conn: psycopg.Connection) -> None:
    filled = [table for table in TENANT_TABLES if count(conn, table)]
    assert {"orders", "order_lines", "order_events", "notifications", "users", "tenants", "relay_destinations"} <= set(
        filled
    )
    assert {table: count(web, table) for table in TENANT_TABLES} == dict.fromkeys(TENANT_TABLES, 0)


def test_a_transaction_shows_the_rows_of_its_tenant_and_the_next_one_none(two: Two, web: psycopg.Connection) -> None:
    web.execute(SET, [str(two.ours)])
    assert count(web, "orders") == 2
    assert count(web, "tenants", f"id = {two.theirs}") == 0
    assert [count(web, table, f"tenant_id = {two.theirs}") for table in ("orders", "users", "order_events")] == [
        0,
        0,
        0,
    ]
    web.commit()
    assert count(web, "orders") == 0


@pytest.mark.parametrize("value", ["", "0", "-1"])
def test_a_setting_that_names_no_tenant_shows_nothing(two: Two, web: psycopg.Connection, value: str) -> None:
    web.execute(SET, [value])
    assert count(web, "orders") == 0


@pytest.mark.parametrize("value", ["all", "1 OR true", "%"])
def test_a_setting_that_is_not_a_number_is_an_error(two: Two, web: psycopg.Connection, value: str) -> None:
    web.execute(SET, [value])
    with pytest.raises(psycopg.errors.InvalidTextRepresentation):
        count(web, "orders")


def test_rows_of_another_tenant_are_not_written(two: Two, web: psycopg.Connection, conn: psycopg.Connection) -> None:
    before = conn.execute("SELECT * FROM orders ORDER BY id").fetchall()
    web.execute(SET, [str(two.ours)])
    assert web.execute("UPDATE orders SET customer = 'x' WHERE tenant_id = %s", [two.theirs]).rowcount == 0
    assert web.execute("DELETE FROM notifications WHERE tenant_id = %s", [two.theirs]).rowcount == 0
    for statement in (
        "INSERT INTO orders (tenant_id, number, customer, currency, total_minor) VALUES (%s, 'X', 'x', 'EUR', 1)",
        "INSERT INTO holidays (tenant_id, day, name) VALUES (%s, '2026-12-24', 'x')",
        "UPDATE orders SET tenant_id = %s WHERE number = 'A1'",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"), web.transaction():
            web.execute(statement.encode(), [two.theirs])
    copy = "COPY orders (tenant_id, number, customer, currency, total_minor) FROM STDIN"
    with pytest.raises(psycopg.Error), web.transaction(), web.cursor().copy(copy) as rows:
        rows.write_row([two.theirs, "X", "x", "EUR", 1])
    web.commit()
    assert conn.execute("SELECT * FROM orders ORDER BY id").fetchall() == before


def test_copy_reads_the_rows_of_the_tenant(two: Two, web: psycopg.Connection) -> None:
    web.execute(SET, [str(two.ours)])
    with web.cursor().copy("COPY orders (tenant_id, number) TO STDOUT") as rows:
        assert sorted(rows.rows()) == [(str(two.ours), "A1"), (str(two.ours), "A2")]


def test_triggers_and_foreign_keys_work_for_the_web_role(
    two: Two, web: psycopg.Connection, conn: psycopg.Connection, world: World
) -> None:
    boss = world.user(two.ours, "Boss")
    web.execute(SET, [str(two.ours)])
    web.execute("SELECT set_config('doorbell.actor', %s, true)", [str(boss)])
    web.execute("UPDATE orders SET shipped_at = now() WHERE number = 'A1'")
    web.commit()
    event = world.events(two.ours)[-1]
    assert (event["type"], event["actor_id"], event["claimed_actor_id"]) == ("shipped", boss, None)
    assert count(conn, "notifications", f"type = 'shipped' AND tenant_id = {two.ours}") == 1
    web.execute(SET, [str(two.ours)])
    theirs = conn.execute("SELECT id FROM users WHERE tenant_id = %s", [two.theirs]).fetchone()
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        web.execute("UPDATE orders SET owner_id = %s WHERE number = 'A2'", theirs)


def test_functions_that_run_as_the_owner_check_the_tenant(
    two: Two, web: psycopg.Connection, conn: psycopg.Connection
) -> None:
    search = "SELECT count(*) FROM order_search(%s, '{}wguest', '', 'infinity', 1, 10, 400, 100)"
    customer = "SELECT orders FROM orders_of_customer(%s, %s, NULL, 10, 5)"
    found = {
        tenant: conn.execute("SELECT id FROM orders WHERE tenant_id = %s AND number = 'A1'", [tenant]).fetchone()
        for tenant in (two.ours, two.theirs)
    }
    web.execute(SET, [str(two.ours)])
    for tenant, visible in ((two.ours, True), (two.theirs, False)):
        order = found[tenant]
        assert order is not None
        assert web.execute(search, [tenant]).fetchone() == (2 * visible,)
        assert web.execute(customer, [tenant, order[0]]).fetchone() == ((1,) if visible else None)
    web.commit()
    assert web.execute(search, [two.ours]).fetchone() == (0,), "no tenant, no order"


def test_what_belongs_to_all_tenants_is_for_the_only_one(world: World, web: psycopg.Connection) -> None:
    tenant = world.tenant("only")
    world.insert("relay_destinations", {"name": "all", "kind": "webhook", "url": "https://example.com"})
    web.execute(SET, [str(tenant)])
    assert count(web, "relay_destinations") == 1
    world.tenant("second")
    assert count(web, "relay_destinations") == 0


def test_the_web_role_cannot_leave_its_policy(two: Two, web: psycopg.Connection) -> None:
    web.execute(SET, [str(two.ours)])
    for statement in (
        "ALTER TABLE orders DISABLE ROW LEVEL SECURITY",
        "DROP POLICY tenant_doorbell_web ON orders",
        "SET ROLE postgres",
        "TRUNCATE orders",
        "SELECT * FROM order_events_default",
        "DELETE FROM order_events",
        "CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege), web.transaction():
            web.execute(statement.encode())
    web.execute("SET LOCAL row_security = off")
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
        count(web, "orders")


def test_a_statement_that_names_its_tenant_checks_the_policy_once_per_scan(two: Two, web: psycopg.Connection) -> None:
    web.execute(SET, [str(two.ours)])
    lines = web.execute(f"EXPLAIN SELECT number FROM orders WHERE tenant_id = {two.ours}".encode()).fetchall()
    plan = "\n".join(line for (line,) in lines)
    assert "One-Time Filter: ((NULLIF(current_setting(" in plan
    assert "InitPlan" not in plan, "a subquery in the policy is planned for each table"
    assert f"(tenant_id = {two.ours})" in plan


def test_prepared_statements_follow_the_tenant(two: Two, process_urls: ProcessUrls) -> None:
    with psycopg.connect(process_urls.web, prepare_threshold=0) as web:
        web.execute("SET plan_cache_mode = force_generic_plan")
        for tenant in (two.ours, two.theirs) * 4:
            web.execute(SET, [str(tenant)])
            rows = web.execute("SELECT DISTINCT tenant_id FROM orders WHERE number = %s", ["A1"]).fetchall()
            web.commit()
            assert rows == [(tenant,)]
        assert web.execute("SELECT tenant_id FROM orders WHERE number = %s", ["A1"]).fetchall() == []


def test_a_program_that_writes_orders_writes_for_several_tenants(
    two: Two, shop: psycopg.Connection, world: World
) -> None:
    for tenant in (two.ours, two.theirs):
        shop.execute(
            "INSERT INTO orders (tenant_id, number, customer, currency, total_minor) VALUES (%s, 'S', 's', 'EUR', 1)",
            [tenant],
        )
    assert shop.execute("UPDATE orders SET paid_at = now() WHERE number = 'S'").rowcount == 2
    assert [event["type"] for event in world.events()][-4:] == ["placed", "placed", "paid", "paid"]
