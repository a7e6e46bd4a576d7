"""`flask doctor` on wrong rights and roles; the tests run its advice as it is printed."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from webapp.orders import writer_role

from ..support.database_roles import make_role
from ..support.doctor import examined, run_advice
from ..support.world import Service, World


@pytest.mark.parametrize(
    ("check", "statement", "level", "seen"),
    [
        (
            "functions",
            "GRANT EXECUTE ON FUNCTION orders_inserted() TO PUBLIC",
            "FAULT",
            "PUBLIC may run orders_inserted()",
        ),
        (
            "functions",
            "GRANT EXECUTE ON FUNCTION orders_updated() TO stranger",
            "FAULT",
            "stranger may run orders_updated()",
        ),
        (
            "functions",
            "CREATE FUNCTION later() RETURNS int LANGUAGE sql AS 'SELECT 1'",
            "FAULT",
            "PUBLIC may run later()",
        ),
        (
            "functions",
            "ALTER FUNCTION orders_deleted() SET search_path = public",
            "FAULT",
            "orders_deleted() has a search_path other than pg_catalog, public, pg_temp",
        ),
        (
            "rights",
            "GRANT CREATE ON SCHEMA public TO PUBLIC",
            "FAULT",
            "every role may create objects in schema public",
        ),
        ("rights", "GRANT CREATE ON SCHEMA public TO stranger", "warn", "stranger may create objects in schema public"),
        ("rights", "GRANT SELECT ON users TO PUBLIC", "FAULT", "PUBLIC, which is every role, has rights on users"),
        ("rights", "GRANT SELECT (email) ON users TO PUBLIC", "FAULT", "has rights on users"),
        ("rights", "GRANT USAGE ON SEQUENCE orders_id_seq TO PUBLIC", "FAULT", "has rights on orders_id_seq"),
    ],
)
def test_a_right_that_is_too_wide_is_named_with_the_statement_that_revokes_it(
    service: Service, world: World, stranger: psycopg.Connection, check: str, statement: str, level: str, seen: str
) -> None:
    world.conn.execute(statement)
    examined(service).says(check, level, seen)
    run_advice(world, service, check)


def test_a_role_that_may_choose_ids_is_named_and_one_with_the_documented_rights_is_not(
    service: Service, world: World, shop: psycopg.Connection
) -> None:
    examined(service).says("rights", "ok", "")
    world.conn.execute("GRANT INSERT ON orders TO shop")
    examined(service).says("rights", "warn", "shop may choose an order's id", "flask roles")


def test_outside_the_demo_a_superuser_and_an_open_database_are_named(service: Service, world: World) -> None:
    found = examined(service, DOORBELL_DEMO="0")
    found.says("role", "warn", "postgres is a superuser", "CREATE ROLE doorbell LOGIN")
    found.says(
        "rights",
        "warn",
        "every role of the cluster has CONNECT and TEMPORARY on this database",
        "REVOKE ALL ON DATABASE",
    )
    name = world.conn.info.dbname
    world.conn.execute(f"REVOKE ALL ON DATABASE {name} FROM PUBLIC")
    examined(service, DOORBELL_DEMO="0").says("rights", "ok", "")


@pytest.fixture
def own_role(service: Service, world: World) -> Iterator[str]:
    """The address of this database for a role that owns all of Doorbell's objects and is not a superuser."""
    make_role(world.conn, "keeper")
    name = world.conn.info.dbname
    world.conn.execute(f"ALTER DATABASE {name} OWNER TO keeper")
    owned = world.conn.execute(
        "SELECT format('ALTER %s %s OWNER TO keeper', CASE relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, oid::regclass)"
        " FROM pg_class c WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
        " UNION ALL SELECT format('ALTER FUNCTION %s OWNER TO keeper', oid::regprocedure) FROM pg_proc"
        " WHERE pronamespace = 'public'::regnamespace"
    ).fetchall()
    for (statement,) in owned:
        world.conn.execute(statement)
    yield service.database_url.replace("//postgres@", "//keeper@")
    world.conn.execute(f"ALTER DATABASE {name} OWNER TO postgres")


def test_an_own_role_that_owns_the_tables_is_ok(service: Service, world: World, own_role: str) -> None:
    found = examined(service, DATABASE_URL=own_role, DOORBELL_DEMO="0")
    found.says("role", "ok", "keeper")
    for check in ("functions", "ids", "writers", "triggers", "refunds"):
        found.says(check, "ok", "")
    with psycopg.connect(own_role, autocommit=True) as conn:
        tenant = World(conn).tenant()
        ana = World(conn).user(tenant)
        conn.execute("SELECT set_config('doorbell.actor', %s, false)", [str(ana)])
        World(conn).order(tenant)
    assert world.events()[-1]["actor_id"] == ana


def test_a_role_that_does_not_own_the_tables_is_named(
    service: Service, world: World, own_role: str, stranger: psycopg.Connection
) -> None:
    world.conn.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO stranger")
    found = examined(service, DATABASE_URL=own_role.replace("keeper", "stranger"), DOORBELL_DEMO="0")
    found.says(
        "role", "FAULT", "stranger neither owns the tables nor is a member of keeper", "GRANT keeper TO stranger;"
    )


def test_for_a_schema_of_another_role_the_statement_is_for_its_owner(
    service: Service, world: World, own_role: str
) -> None:
    """In PostgreSQL 14 the bootstrap superuser owns schema public."""
    world.conn.execute("ALTER SCHEMA public OWNER TO postgres; GRANT ALL ON SCHEMA public TO PUBLIC")
    found = examined(service, DATABASE_URL=own_role)
    found.says(
        "rights",
        "FAULT",
        "every role may create objects",
        "As a superuser or as postgres: REVOKE CREATE ON SCHEMA public FROM PUBLIC;",
    )


# flask roles ---------------------------------------------------------------------------------------------------------------


def flask_roles(service: Service, *args: str, **changes: str) -> tuple[int, str]:
    from webapp import create_app

    from ..conftest import config_for

    app = create_app(config_for(service, **changes))
    result = app.test_cli_runner().invoke(args=["roles", *args])
    return result.exit_code, result.output + result.stderr


def test_flask_roles_prints_the_statements_that_it_runs(service: Service, world: World) -> None:
    world.tenant("acme")
    code, printed = flask_roles(service)
    assert code == 0
    assert "--   acme: tenant_id 1, currency 'EUR'" in printed
    # With the comments.
    world.conn.execute(printed.encode())
    first = granted(world)
    assert ("orders", "INSERT", "customer") in first
    assert {column for table, right, column in first if (table, right) == ("orders", "INSERT")}.isdisjoint(
        {"id", "idempotency_key"}
    )
    for _ in range(2):
        code, output = flask_roles(service, "--create")
        assert (code, "GRANT doorbell_writer TO shop;" in output) == (0, True)
    assert granted(world) == first


def test_a_role_without_createrole_is_refused_in_words(
    service: Service, world: World, stranger: psycopg.Connection
) -> None:
    url = service.database_url.replace("//postgres@", "//stranger@")
    code, output = flask_roles(service, "--create", DATABASE_URL=url)
    assert code == 2
    assert output.startswith("Error: The role 'stranger' may not do this (permission denied")
    assert "CREATEROLE" in output
    assert "Traceback" not in output


def test_rights_that_only_another_role_can_grant_are_named_and_none_is_granted(
    service: Service, world: World, own_role: str
) -> None:
    """PostgreSQL only warns of such rights. On many managed servers the database belongs to a role of the provider."""
    name = world.conn.info.dbname
    world.conn.execute(f"ALTER DATABASE {name} OWNER TO postgres; ALTER ROLE keeper CREATEROLE")
    world.conn.execute(f"REVOKE ALL ON DATABASE {name} FROM PUBLIC; GRANT CONNECT ON DATABASE {name} TO keeper")
    before = granted(world)
    code, output = flask_roles(service, "--create", DATABASE_URL=own_role)
    missing = f'GRANT CONNECT ON DATABASE "{name}" TO "doorbell_writer"'
    assert code == 2
    assert output.startswith("Error: The role 'keeper' may not grant rights that doorbell_writer needs")
    assert f"a superuser run: {missing}; then run flask roles --create again." in output
    assert granted(world) == before
    world.conn.execute(missing.encode())
    code, output = flask_roles(service, "--create", DATABASE_URL=own_role)
    assert (code, granted(world) > before) == (0, True), output


def granted(world: World) -> set[tuple[str, str, str]]:
    return set(
        world.conn.execute(
            "SELECT table_name::text, privilege_type::text, column_name::text FROM information_schema.column_privileges"
            " WHERE grantee = %s",
            [writer_role.WRITER],
        ).fetchall()
    )
