"""`flask orders attach` and `flask orders detach`, as a person runs them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from click.testing import Result
from flask import Flask

from ..support.attached import SAME, Shop
from ..support.world import World

Run = Callable[..., Result]


@pytest.fixture
def run(app: Flask) -> Run:
    def invoke(*arguments: str, input: str | None = None) -> Result:
        return app.test_cli_runner().invoke(args=["orders", *arguments], input=input)

    return invoke


def test_the_command_shows_the_mapping_the_orders_and_the_sql_and_installs_on_yes(shop_table: Shop, run: Run) -> None:
    shop_table.add(1, "12.50", customer_name="Ada & Söhne")
    shop_table.add(2, "7.00", paid_at="2026-01-02T03:04:05Z")
    shop_table.add(3, deleted_at="now")
    result = run("attach", "shop.orders", "--tenant", "acme", input="y\n")
    assert result.exit_code == 0, result.output
    for text in (
        "shop.orders → EUR",
        "total          total",
        "placed_at      created_at",
        "not mapped     id, note",
        "3 rows: 2 orders, 1 not orders, 0 with a fault",
        "S1      Ada & Söhne  12.50 EUR",
        "2026-01-02 03:04",
        "not an order",
        "CREATE TRIGGER doorbell_updated AFTER UPDATE ON shop.orders",
        "Attach shop.orders? [y/N]: y",
        "Checked shop.orders: 3 rows; repaired 0 missing, 0 stale, 0 without a row.",
    ):
        assert text in result.output, result.output
    assert shop_table.differences() == SAME


def test_without_a_yes_nothing_is_installed(shop_table: Shop, run: Run) -> None:
    shop_table.add(1)
    result = run("attach", "shop.orders", "--tenant", "acme", input="n\n")
    assert (result.exit_code, "Nothing was installed." in result.output) == (2, True)
    assert shop_table.execute("SELECT count(*) FROM attachments").fetchone() == (0,)
    assert shop_table.execute("SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'doorbell%'").fetchone() == (0,)


def test_the_list_the_check_and_the_detachment(shop_table: Shop, world: World, run: Run) -> None:
    assert "No table is attached" in run("attach").output
    shop_table.add(1)
    shop_table.add(2, "-3")
    assert run("attach", "shop.orders", "--tenant", "acme", "--yes").exit_code == 0
    shop_table.execute("SET session_replication_role = replica; UPDATE shop.orders SET total = 11 WHERE id = 1")
    result = run("attach", "--check", "shop.orders")
    assert result.exit_code == 0
    assert "repaired 0 missing, 1 stale, 0 without a row" in result.output
    assert "1 row cannot become an order:\n  row 2: the total is negative" in result.output
    listed = run("attach").output
    assert "shop.orders  live   1" in listed
    result = run("detach", "shop.orders", "--yes")
    assert (result.exit_code, "--keep-orders or --remove-orders" in result.output) == (2, True)
    result = run("detach", "shop.orders", "--remove-orders", input="y\n")
    assert "_inserted() CASCADE;" in result.output
    assert "Detached shop.orders. 1 order removed." in result.output
    assert world.conn.execute("SELECT count(*) FROM orders").fetchone() == (0,)


def test_a_second_run_continues_and_refuses_other_options(shop_table: Shop, run: Run) -> None:
    shop_table.add(1)
    shop_table.install()
    result = run("attach", "shop.orders", "--tenant", "acme")
    assert result.exit_code == 0, result.output
    assert shop_table.differences() == SAME
    result = run("attach", "shop.orders", "--prefix", "X")
    assert (result.exit_code, "is attached already, so no option was used" in result.output) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["shop.orders"], "No tenant is given. Write --tenant SLUG"),
        (["shop.orders", "--tenant", "unknown"], "There is no tenant 'unknown'"),
        (
            ["shop.orders", "--tenant", "acme", "--map", "price=total"],
            "'price' is not a field; allowed: tenant, number",
        ),
        (["shop.orders", "--tenant", "acme", "--map", "total"], "--map 'total' has no '='"),
        (
            ["shop.orders", "--tenant", "acme", "--status", "Done=finished"],
            "'finished' is not a stage; allowed: placed, paid",
        ),
        (["shop.orders", "--tenant", "acme", "--zone", "Berlin"], "--zone 'Berlin' is not a time zone"),
        (["shop.orders", "--tenant", "acme", "--map", "total=no_such"], 'column "no_such" does not exist'),
        (["--check", "shop.orders"], "'shop.orders' is not an attached table; attached: none"),
    ],
)
def test_a_wrong_option_is_one_sentence_and_exit_code_2(
    shop_table: Shop, run: Run, arguments: list[str], error: str
) -> None:
    shop_table.add(1)
    result = run("attach", *arguments)
    assert result.exit_code == 2
    assert error in result.output
    assert len(result.output.strip().splitlines()) == 1


def test_a_sample_without_any_order_installs_nothing(shop_table: Shop, run: Run) -> None:
    shop_table.add(1, "-5")
    result = run("attach", "shop.orders", "--tenant", "acme", "--yes")
    assert result.exit_code == 2
    assert "None of 1 rows becomes an order" in result.output
    assert "no order: the total is negative" in result.output


def test_taken_numbers_are_shown_before_and_a_prefix_keeps_them_apart(shop_table: Shop, world: World, run: Run) -> None:
    world.order(shop_table.tenant_id, number="S1", source="csv")
    shop_table.add(1)
    shop_table.add(2)
    result = run("attach", "shop.orders", "--tenant", "acme", input="n\n")
    assert (
        "no order: the number belongs to an order of the source 'csv'; give these a prefix: --prefix TEXT"
        in result.output
    )
    assert run("attach", "shop.orders", "--tenant", "acme", "--prefix", "W-", "--yes").exit_code == 0
    numbers = world.conn.execute("SELECT number FROM orders ORDER BY 1").fetchall()
    assert numbers == [("S1",), ("W-S1",), ("W-S2",)]
