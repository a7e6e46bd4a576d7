"""The page of attached tables, for managers."""

from __future__ import annotations

import pytest
from flask import Flask

from webapp.attach import attachments

from ..support.attached import Shop
from ..support.board import text
from ..support.browser import Person
from ..support.world import World


@pytest.fixture
def mia(app: Flask, manager: int) -> Person:
    """A manager of acme."""
    return Person(app, manager)


def page(mia: Person, path: str = "/attached") -> str:
    answer = mia.get(path)
    assert answer.status_code == 200
    return text(answer.text)


def test_an_empty_page_names_the_tables_that_can_be_attached(mia: Person, shop_table: Shop) -> None:
    seen = mia.get("/attached").text
    assert "No table is attached" in seen
    assert "<option>shop.orders</option>" in seen
    assert "users" not in seen.partition("<select")[2].partition("</select>")[0]


def test_the_proposal_shows_rows_the_sql_and_the_command_and_installs_nothing(mia: Person, shop_table: Shop) -> None:
    shop_table.add(1, "12.50", customer_name="<b>Ada</b>")
    answer = mia.post("/attached/proposals", data={"table": "shop.orders"})
    assert answer.status_code == 200
    assert "flask orders attach shop.orders --tenant acme" in answer.text
    assert "CREATE TRIGGER doorbell_inserted" in answer.text
    assert "€12.50" in answer.text
    assert "&lt;b&gt;Ada&lt;/b&gt;" in answer.text
    with shop_table.connect() as conn:
        assert attachments.every(conn) == []


def test_only_listed_tables_are_proposed(mia: Person, shop_table: Shop) -> None:
    for name in ("public.users", "users", "pg_catalog.pg_class", "shop.nothing"):
        assert mia.post("/attached/proposals", data={"table": name}).status_code == 404


def test_with_several_tenants_no_table_is_listed(mia: Person, shop_table: Shop, world: World) -> None:
    world.tenant("other")
    assert "<select" not in mia.get("/attached").text
    assert mia.post("/attached/proposals", data={"table": "shop.orders"}).status_code == 404


def test_a_table_that_needs_more_says_what(mia: Person, shop_table: Shop) -> None:
    shop_table.execute("ALTER TABLE shop.orders RENAME total TO price_of_all")
    answer = mia.post("/attached/proposals", data={"table": "shop.orders"})
    assert "No column was found for total" in answer.text


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("SELECT", "Each change is on the board in the same transaction."),
        ("UPDATE attachments SET state = 'backfilling', rows_done = 10, rows_total = 400", "Copied 10 of 400 rows"),
        ("UPDATE attachments SET stale = 3, checked_at = now()", "3 stale, 0 without a row"),
        ("UPDATE shop.orders SET total = -1", "Row 1: the total is negative"),
        ("ALTER TABLE shop.orders DISABLE TRIGGER doorbell_updated",
         "The trigger doorbell_updated on shop.orders is missing or disabled"),
        ("DROP TRIGGER doorbell_deleted ON shop.orders", "The trigger doorbell_deleted on shop.orders is missing or disabled"),
        ("DROP TABLE shop.orders", "was dropped"),
    ],
)  # fmt: skip
def test_each_state_is_shown_in_words(mia: Person, shop_table: Shop, change: str, words: str) -> None:
    shop_table.add(1)
    shop_table.attach()
    shop_table.execute(change)
    assert words in page(mia)
    assert words in page(mia, "/panels/attached")


def test_a_table_whose_trigger_is_silent_does_not_claim_that_changes_arrive(mia: Person, shop_table: Shop) -> None:
    shop_table.attach()
    assert "Each change is on the board" in page(mia)
    shop_table.execute("ALTER TABLE shop.orders DISABLE TRIGGER doorbell_updated")
    assert "Each change is on the board" not in page(mia)


def test_a_check_is_requested_and_a_table_detached_with_its_orders_kept(mia: Person, shop_table: Shop) -> None:
    shop_table.add(1)
    target = shop_table.attach()
    shop_table.check()
    assert mia.post(f"/attached/{target.id}/checks").status_code == 303
    assert shop_table.attachment().check_requested_at is not None
    assert mia.post(f"/attached/{target.id}/detachment").status_code == 303
    assert "Detached shop.orders. Orders kept: 1." in page(mia)
    assert shop_table.execute("SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'doorbell%'").fetchone() == (0,)
    assert shop_table.orders() == [("S1", 1000, "placed")]


def test_managers_of_another_tenant_and_salespeople_see_and_change_nothing(
    app: Flask, shop_table: Shop, world: World
) -> None:
    shop_table.add(1)
    target = shop_table.attach()
    other = Person(app, world.user(world.tenant("other"), role="manager"))
    assert "shop.orders" not in other.get("/attached").text
    assert other.post(f"/attached/{target.id}/detachment").status_code == 404
    assert other.post(f"/attached/{target.id}/checks").status_code == 404
    sales = Person(app, world.user(shop_table.tenant_id, "Sam Sales"))
    assert sales.get("/attached").status_code == 403
    assert sales.post(f"/attached/{target.id}/detachment").status_code == 403
