"""A role that may only connect, and a program with rights on orders, cannot get further rights."""

from __future__ import annotations

import psycopg
import pytest

from ..support.world import World

FUNCTIONS = ["orders_inserted", "orders_updated", "orders_deleted", "orders_truncated", "order_events_inserted"]
FORGED_ORDER = (
    "(id bigint, tenant_id bigint, owner_id bigint, placed_at timestamptz, paid_at timestamptz, shipped_at timestamptz,"
    " cancelled_at timestamptz, refunded_at timestamptz, refunded_minor bigint, total_minor bigint, status text,"
    " currency text, number text, customer text)"
)
FORGED_EVENT = (
    "(id pg_temp.evil, tenant_id bigint, owner_id bigint, order_id bigint, type text, actor_id bigint,"
    " occurred_at timestamptz)"
)
EVIL_CAST = """
CREATE TYPE pg_temp.evil AS (x text);
CREATE FUNCTION pg_temp.run(pg_temp.evil) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'this runs as %', current_user; END $$;
CREATE CAST (pg_temp.evil AS bigint) WITH FUNCTION pg_temp.run(pg_temp.evil) AS ASSIGNMENT;
"""
# Per function: the table, the trigger and the statement that would fire it on a foreign table.
LEVERS = {
    "orders_inserted": (
        FORGED_ORDER,
        "AFTER INSERT ON lever REFERENCING NEW TABLE AS new_rows",
        "INSERT INTO lever (id) VALUES (1)",
    ),
    "orders_updated": (
        FORGED_ORDER,
        "AFTER UPDATE ON lever REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows",
        "UPDATE lever SET refunded_minor = 1",
    ),
    "orders_deleted": (FORGED_ORDER, "AFTER DELETE ON lever REFERENCING OLD TABLE AS old_rows", "DELETE FROM lever"),
    "orders_truncated": (FORGED_ORDER, "BEFORE TRUNCATE ON lever", "TRUNCATE lever"),
    "order_events_inserted": (
        FORGED_EVENT,
        "AFTER INSERT ON lever REFERENCING NEW TABLE AS new_events",
        "INSERT INTO lever (id, type) VALUES (ROW('x')::pg_temp.evil, 'paid')",
    ),
}


def types(world: World) -> list[str]:
    return [event["type"] for event in world.events()]


# Functions on a foreign table -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_role_that_may_only_connect_cannot_use_a_function_in_its_own_trigger(
    world: World, stranger: psycopg.Connection, function: str
) -> None:
    columns, trigger, _ = LEVERS[function]
    stranger.execute(EVIL_CAST)
    stranger.execute(f"CREATE TEMP TABLE lever {columns}")
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match=f"permission denied for function {function}"):
        stranger.execute(f"CREATE TRIGGER t {trigger} FOR EACH STATEMENT EXECUTE FUNCTION {function}()")


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_refuses_a_foreign_table_even_for_a_role_with_execute(
    world: World, stranger: psycopg.Connection, function: str
) -> None:
    world.order(world.tenant())
    columns, trigger, statement = LEVERS[function]
    world.conn.execute(f"GRANT EXECUTE ON FUNCTION {function}() TO stranger")
    stranger.execute(EVIL_CAST)
    stranger.execute(f"CREATE TEMP TABLE lever {columns}; INSERT INTO lever (id) VALUES (NULL)")
    stranger.execute(f"CREATE TRIGGER t {trigger} FOR EACH STATEMENT EXECUTE FUNCTION {function}()")
    with pytest.raises(psycopg.errors.RaiseException, match=r"is for [A-Z]+ on \w+, not for"):
        stranger.execute(statement)
    assert types(world) == ["placed"]


def test_a_temporary_table_named_orders_is_a_foreign_table_too(world: World, stranger: psycopg.Connection) -> None:
    world.conn.execute("GRANT EXECUTE ON FUNCTION orders_inserted() TO stranger")
    stranger.execute(f"CREATE TEMP TABLE orders {FORGED_ORDER}")
    stranger.execute(
        "CREATE TRIGGER orders_inserted AFTER INSERT ON pg_temp.orders REFERENCING NEW TABLE AS new_rows"
        " FOR EACH STATEMENT EXECUTE FUNCTION orders_inserted()"
    )
    for path in ("public", "pg_temp, public", '"$user", public', ""):
        stranger.execute("SELECT set_config('search_path', %s, false)", [path])
        with pytest.raises(psycopg.errors.RaiseException, match="not for INSERT on orders"):
            stranger.execute("INSERT INTO pg_temp.orders (id, tenant_id, placed_at) VALUES (1, 1, now())")
    assert types(world) == []


def test_a_function_refuses_another_operation_on_the_right_table(world: World) -> None:
    """A role with TRIGGER on orders gains nothing by swapping the names of transition tables."""
    world.order(world.tenant())
    world.conn.execute(
        "CREATE TRIGGER swapped AFTER DELETE ON orders REFERENCING OLD TABLE AS new_rows"
        " FOR EACH STATEMENT EXECUTE FUNCTION orders_inserted()"
    )
    with pytest.raises(psycopg.errors.RaiseException, match="is for INSERT on orders, not for DELETE on orders"):
        world.conn.execute("DELETE FROM orders")


def test_a_view_cannot_fire_a_function(world: World, stranger: psycopg.Connection) -> None:
    world.conn.execute("GRANT EXECUTE ON FUNCTION orders_inserted() TO stranger")
    stranger.execute("CREATE TEMP VIEW lever AS SELECT 1 AS id")
    stranger.execute("CREATE TRIGGER t INSTEAD OF INSERT ON lever FOR EACH ROW EXECUTE FUNCTION orders_inserted()")
    with pytest.raises(psycopg.errors.RaiseException, match="not for INSERT on lever"):
        stranger.execute("INSERT INTO lever VALUES (1)")


def test_a_table_of_another_role_cannot_inherit_from_orders(stranger: psycopg.Connection) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        stranger.execute("CREATE TEMP TABLE lever () INHERITS (public.orders)")


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM users",
        "SELECT * FROM orders",
        "SELECT * FROM order_events",
        "SELECT last_value FROM orders_id_seq",
        "INSERT INTO orders (tenant_id, number, customer, currency, total_minor) VALUES (1, 'x', 'x', 'EUR', 1)",
        "INSERT INTO order_events (tenant_id, order_id, type, via, occurred_at) VALUES (1, 1, 'paid', 'x', now())",
        "SELECT order_events_make_partitions(2)",
        "SELECT doorbell_actor()",
        "SELECT order_events_delete_old(0, 100)",
        "TRUNCATE orders",
        "ALTER TABLE orders DISABLE TRIGGER ALL",
        "ALTER FUNCTION orders_inserted() SET search_path = pg_temp",
        "CREATE TABLE public.lever (id int)",
        "CREATE FUNCTION public.now() RETURNS timestamptz LANGUAGE sql AS 'SELECT NULL::timestamptz'",
        "CREATE TRIGGER t AFTER INSERT ON orders FOR EACH ROW EXECUTE FUNCTION orders_inserted()",
        "SET ROLE postgres",
        "SET SESSION AUTHORIZATION postgres",
        "SET session_replication_role = replica",
    ],
)
def test_a_statement_is_forbidden_to_strangers_and_programs(
    world: World, stranger: psycopg.Connection, shop: psycopg.Connection, statement: str
) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        stranger.execute(statement)
    if statement.startswith("INSERT INTO orders "):
        return  # the one right of the program
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        shop.execute(statement)


# Overloads, if a role may create in our schema -----------------------------------------------------------------------------

# Each matches better than pg_catalog's own, which takes "any", a polymorphic or a binary-compatible type.
OVERLOADS = [
    "CREATE FUNCTION public.jsonb_build_object(text, text, text, bigint, text, varchar) RETURNS jsonb {body}",
    "CREATE FUNCTION public.jsonb_build_object(text, text) RETURNS jsonb {body}",
    "CREATE FUNCTION public.jsonb_build_object(text, bigint) RETURNS jsonb {body}",
    "CREATE FUNCTION public.json_build_object(text, bigint, text, text, text, bigint) RETURNS json {body}",
    "CREATE FUNCTION public.to_jsonb(public.orders) RETURNS jsonb {body}",
    "CREATE FUNCTION public.current_setting(varchar) RETURNS text {body}",
    "CREATE FUNCTION public.coalesce(timestamptz, timestamptz) RETURNS timestamptz {body}",
    "CREATE FUNCTION public.array_append(bigint[], bigint) RETURNS bigint[] {body}",
    "CREATE FUNCTION public.array_to_string(bigint[], text) RETURNS text {body}",
    "CREATE FUNCTION public.pg_has_role(name, name, varchar) RETURNS boolean {body}",
    "CREATE FUNCTION public.make_interval(days integer) RETURNS interval {body}",
    "CREATE FUNCTION public.same(varchar, varchar) RETURNS boolean {body};"
    "CREATE OPERATOR public.= (LEFTARG = varchar, RIGHTARG = varchar, FUNCTION = public.same)",
    "CREATE FUNCTION public.differ(oid, regclass) RETURNS boolean {body};"
    "CREATE OPERATOR public.<> (LEFTARG = oid, RIGHTARG = regclass, FUNCTION = public.differ)",
    "CREATE FUNCTION public.joined(bigint[], bigint) RETURNS bigint[] {body};"
    "CREATE OPERATOR public.|| (LEFTARG = bigint[], RIGHTARG = bigint, FUNCTION = public.joined)",
    "CREATE FUNCTION public.more(bigint, integer) RETURNS boolean {body};"
    "CREATE OPERATOR public.> (LEFTARG = bigint, RIGHTARG = integer, FUNCTION = public.more)",
    "CREATE FUNCTION public.is_one_of(jsonb, text) RETURNS jsonb {body};"
    "CREATE OPERATOR public.-> (LEFTARG = jsonb, RIGHTARG = text, FUNCTION = public.is_one_of)",
]
BODY = "LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'code of %, run by %', session_user, current_user; END $$"


def test_our_functions_run_no_overload_of_another_role(world: World, shop: psycopg.Connection) -> None:
    tenant = world.tenant()
    ana = world.user(tenant)
    world.conn.execute(
        "GRANT CREATE ON SCHEMA public TO PUBLIC; GRANT ALL ON orders, order_lines, order_comments, notifications TO shop"
    )
    for overload in OVERLOADS:
        shop.execute("SELECT 1")
        if "coalesce" in overload:
            overload = overload.replace("public.coalesce", 'public."coalesce"')
        shop.execute(overload.format(body=BODY))
    with psycopg.connect(shop.info.dsn, autocommit=True) as later:  # plans made with the overloads in place
        later.execute("SET search_path = pg_catalog, pg_temp")
        later.execute("SET doorbell.actor = '1'")
        later.execute(
            "INSERT INTO public.orders (tenant_id, number, customer, owner_id, currency, total_minor, paid_at,"
            " refunded_minor, shipped_at) VALUES (%s, 'S-1', 'Ada', %s, 'EUR', 1000, now(), 10, now())",
            [tenant, ana],
        )
        later.execute(
            "UPDATE public.orders SET refunded_minor = 500, customer = 'Eve', owner_id = NULL, paid_at = '2026-01-01'"
        )
        later.execute("DELETE FROM public.orders")
        later.execute(
            "INSERT INTO public.orders (tenant_id, number, customer, currency, total_minor) VALUES (%s, 'S-2', 'A', 'EUR', 1)",
            [tenant],
        )
        later.execute("TRUNCATE public.orders CASCADE")
    assert types(world).count("deleted") == 2
