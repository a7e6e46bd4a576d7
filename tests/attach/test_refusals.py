"""A refusal names what to do, and leaves nothing in the database."""

from __future__ import annotations

import psycopg
import pytest

from webapp.attach import attachments, catalog, install, role
from webapp.attach.errors import AttachRefused

from ..support.attached import Shop
from ..support.database_roles import make_role
from ..support.world import World


@pytest.mark.parametrize(
    ("statement", "table", "reason"),
    [
        ("SELECT", "shop.nothing", r"There is no table 'shop.nothing'.*There are: shop.orders"),
        ("SELECT", "a.b.c.d", r"is not a name of a table"),
        (
            "CREATE VIEW shop.v AS SELECT * FROM shop.orders",
            "shop.v",
            "is a view; only a table.*Attach the table that the view reads",
        ),
        ("CREATE MATERIALIZED VIEW shop.m AS SELECT 1 AS id", "shop.m", "is a materialized view"),
        (
            "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w; CREATE FOREIGN TABLE "
            "shop.f (id int) SERVER s",
            "shop.f",
            "is a foreign table.*--replica",
        ),
        ("CREATE TABLE shop.k (a int, b int)", "shop.k", r"has no primary key.*ALTER TABLE shop.k ADD PRIMARY KEY"),
        (
            "CREATE TABLE shop.p (id int PRIMARY KEY); CREATE TABLE shop.c () INHERITS (shop.p)",
            "shop.p",
            "child tables by INHERITS",
        ),
        (
            "CREATE TABLE shop.p (id int PRIMARY KEY) PARTITION BY LIST (id); CREATE TABLE shop.q PARTITION OF shop.p DEFAULT",
            "shop.q",
            "is a partition of shop.p; attach that table",
        ),
        ("SELECT", "orders", "is Doorbell's own table.*would call each other without end"),
        ("SELECT", "order_events", "Doorbell's own table"),
        ("SELECT", "notifications", "Doorbell's own table"),
        ("SELECT", "pg_catalog.pg_class", "system table"),
    ],
)
def test_a_table_that_cannot_be_attached_is_named_with_what_to_do(
    shop_table: Shop, statement: str, table: str, reason: str
) -> None:
    shop_table.execute(statement)
    with shop_table.connect() as conn, pytest.raises(AttachRefused, match=f"(?s){reason}"):
        catalog.find(conn, table)


@pytest.mark.parametrize(
    ("maps", "reason"),
    [
        (
            {"total": "price"},
            r'--map total=price is not a valid expression \(column "price" does not exist\).*The table has: id,',
        ),
        ({"total": "1) FROM users; --"}, "is not a valid expression"),
        ({"total": "total) AS x, (note"}, "gives 2 values; give one expression"),
        ({"placed_at": "total"}, "it gives numeric; placed_at takes time, text"),
        ({"owner": "(SELECT email FROM shop.people p WHERE p.id = t.id)"}, "permission denied.*GRANT SELECT ON"),
        ({"total": ""}, "No column was found for total"),
        ({"total_minor": "7", "total": "total"}, "both mapped"),
    ],
)
def test_an_expression_that_is_not_valid_is_refused_and_leaves_nothing(
    shop_table: Shop, maps: dict[str, str], reason: str
) -> None:
    shop_table.execute("CREATE TABLE shop.people (id int PRIMARY KEY, email text)")
    with pytest.raises(AttachRefused, match=f"(?s){reason}"):
        shop_table.propose(maps=maps)
    with shop_table.connect() as conn:
        assert attachments.every(conn) == []
        assert conn.execute("SELECT count(*) FROM pg_proc WHERE proname LIKE 'attach\\_%'").fetchone() == (1,)


def test_an_expression_with_a_comment_a_quote_and_a_subquery_works_with_its_grants(shop_table: Shop) -> None:
    shop_table.execute(
        "CREATE TABLE shop.people (id int PRIMARY KEY, email text); INSERT INTO shop.people VALUES (1, 'It''s')"
    )
    shop_table.execute(f"DO $$ BEGIN CREATE ROLE {role.ROLE}; EXCEPTION WHEN duplicate_object THEN NULL; END $$")
    shop_table.execute(f"GRANT USAGE ON SCHEMA shop TO {role.ROLE}; GRANT SELECT ON shop.people TO {role.ROLE}")
    shop_table.add(1)
    expression = "(SELECT email || ' $attach0$ %s' FROM shop.people p WHERE p.id = t.id) -- the customer"
    shop_table.attach(maps={"customer": expression})
    assert shop_table.orders("customer") == [("It's $attach0$ %s",)]


def test_a_table_is_attached_once(shop_table: Shop) -> None:
    target = shop_table.attach()
    again = shop_table.propose().target
    with (
        shop_table.connect() as conn,
        pytest.raises(AttachRefused, match=r"shop.orders is attached already. Detach it first"),
    ):
        install.install(conn, again, "a test")
    assert shop_table.attachment().id == target.id


def test_row_security_that_hides_rows_is_refused(shop_table: Shop) -> None:
    make_role(shop_table.conn, "app_owner")
    shop_table.execute("ALTER TABLE shop.orders ENABLE ROW LEVEL SECURITY; ALTER TABLE shop.orders OWNER TO app_owner")
    with shop_table.connect() as conn:
        make_role(shop_table.conn, "limited")
        shop_table.execute(
            "GRANT USAGE ON SCHEMA shop TO limited; GRANT SELECT, UPDATE, TRIGGER ON shop.orders TO limited"
        )
        conn.execute("SET ROLE limited")
        with pytest.raises(AttachRefused, match=r"has row security.*BYPASSRLS"):
            catalog.find(conn, "shop.orders")


def test_missing_rights_are_named_as_the_statement_that_grants_them(shop_table: Shop) -> None:
    make_role(shop_table.conn, "limited")
    shop_table.execute("GRANT USAGE ON SCHEMA shop TO limited; GRANT SELECT ON shop.orders TO limited")
    with shop_table.connect() as conn:
        conn.execute("SET ROLE limited")
        with pytest.raises(AttachRefused, match=r'GRANT SELECT, UPDATE, TRIGGER ON shop.orders TO "limited"'):
            catalog.find(conn, "shop.orders")


def test_the_functions_run_with_the_rights_of_a_role_that_may_do_nothing_else(shop_table: Shop, world: World) -> None:
    """A function of the shop in the mapping cannot read passwords, also when Doorbell's own session copies the rows."""
    shop_table.execute(
        "CREATE FUNCTION shop.spy() RETURNS text LANGUAGE sql AS 'SELECT coalesce(max(password_hash), "
        "''none'') FROM public.users';"
        "GRANT EXECUTE ON FUNCTION shop.spy() TO PUBLIC"
    )
    shop_table.execute(f"DO $$ BEGIN CREATE ROLE {role.ROLE}; EXCEPTION WHEN duplicate_object THEN NULL; END $$")
    shop_table.execute(f"GRANT USAGE ON SCHEMA shop TO {role.ROLE}")
    shop_table.add(1)
    with pytest.raises(AttachRefused, match="permission denied for table users"):
        shop_table.propose(maps={"customer": "shop.spy()"})


def test_each_function_is_the_roles_own_with_a_fixed_path_and_closed_to_public(shop_table: Shop) -> None:
    shop_table.attach()
    rows = shop_table.execute(
        "SELECT p.proname, p.proowner::regrole::text, p.prosecdef, p.proconfig,"
        " EXISTS (SELECT FROM aclexplode(p.proacl) a WHERE a.grantee = 0)"
        " FROM pg_proc p WHERE p.proname LIKE 'attach\\_%' AND p.proname <> 'attach_problem'"
    ).fetchall()
    assert len(rows) == 6
    for name, owner, is_definer, settings, is_public in rows:
        assert (owner, is_definer, is_public) == (role.ROLE, True, False), name
        assert "search_path=pg_catalog, public, pg_temp" in settings


def test_a_writer_needs_no_right_of_doorbells(shop_table: Shop) -> None:
    shop_table.attach()
    make_role(shop_table.conn, "till")
    shop_table.execute("GRANT USAGE ON SCHEMA shop TO till; GRANT ALL ON shop.orders TO till")
    url = shop_table.service.database_url.replace("//postgres@", "//till@")
    with psycopg.connect(url, autocommit=True) as till:
        till.execute("INSERT INTO shop.orders (id, order_number, customer_name, total) VALUES (1, 'S1', 'Toms', 5)")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            till.execute("SELECT * FROM orders")
    assert shop_table.orders() == [("S1", 500, "placed")]
    assert shop_table.execute("SELECT DISTINCT written_by FROM order_events").fetchall() == [("till",)]
