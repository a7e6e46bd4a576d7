"""Statuses, flags, amounts, zones, owners and tenants of rows."""

from __future__ import annotations

from typing import Any

import pytest

from webapp.attach.errors import AttachRefused
from webapp.attach.status_words import TABLE_WORDS
from webapp.order_import.statuses import ORDER_WORDS

from ..support.attached import Shop
from ..support.world import World

BARE = """
CREATE SCHEMA shop;
CREATE TABLE shop.orders (id integer PRIMARY KEY, state text, amount numeric, created_at timestamp, updated_at timestamp)
"""


@pytest.fixture
def bare(shop_table: Shop) -> Shop:
    """A table with a status and no time of payment."""
    shop_table.execute("DROP SCHEMA shop CASCADE")
    shop_table.execute(BARE)
    return shop_table


def put(shop: Shop, id: int, state: str | None = "new", amount: str = "10", **columns: Any) -> None:
    row = {
        "id": id,
        "state": state,
        "amount": amount,
        "created_at": "2026-03-01 10:00",
        "updated_at": "2026-03-02 11:00",
        **columns,
    }
    marks = ", ".join(["%s"] * len(row))
    shop.execute(f"INSERT INTO shop.orders ({', '.join(row)}) VALUES ({marks})", *row.values())


def test_each_known_word_is_its_stage_and_a_given_word_wins(bare: Shop) -> None:
    words = ("new", "Paid", "SHIPPED", "refunded", "canceled", "cart", "on_hold", "Fertig")
    for id, word in enumerate(words, 1):
        put(bare, id, word)
    bare.attach(statuses={"fertig": "shipped"})
    assert dict(bare.orders("external_id, status")) == {
        "1": "placed", "2": "paid", "3": "shipped", "4": "refunded", "5": "cancelled", "7": "placed", "8": "shipped"
    }  # fmt: skip


def test_the_words_of_imported_files_and_of_woocommerce_are_known(bare: Shop) -> None:
    words = ("wc-completed", "Zugestellt", "On Hold", "STORNIERT", "payée", "GELÖSCHT")
    for id, word in enumerate(words, 1):
        put(bare, id, word)
    bare.attach()
    assert bare.problems() == []
    assert dict(bare.orders("external_id, status")) == {
        "1": "paid", "2": "shipped", "3": "placed", "4": "cancelled", "5": "paid"
    }  # fmt: skip


def test_a_word_of_a_payment_does_not_cancel_the_order(bare: Shop) -> None:
    bare.execute("ALTER TABLE shop.orders RENAME state TO payment_status")
    bare.execute("INSERT INTO shop.orders VALUES (1, 'voided', 5, now(), now()), (2, 'captured', 5, now(), now())")
    bare.attach()
    assert bare.orders("external_id, status") == [("1", "placed"), ("2", "paid")]


def test_no_word_stands_in_two_lists() -> None:
    assert ORDER_WORDS.keys().isdisjoint(TABLE_WORDS)


def test_an_unknown_word_stops_the_attachment_with_the_list(bare: Shop) -> None:
    put(bare, 1, "Fertig")
    put(bare, 2, "In Arbeit")
    with pytest.raises(
        AttachRefused, match=r"not mapped: 'Fertig', 'In Arbeit'.*--status Fertig=… --status 'In Arbeit=…'"
    ):
        bare.propose()


def test_a_word_that_comes_later_is_a_problem(bare: Shop) -> None:
    put(bare, 1)
    bare.attach()
    bare.execute("UPDATE shop.orders SET state = 'Fertig'")
    assert bare.orders("status") == [("placed",)]
    assert "the status 'Fertig' is not mapped" in bare.problems()[0][2]


def test_a_status_without_a_time_counts_now_and_for_old_rows_when_they_changed(bare: Shop, world: World) -> None:
    put(bare, 1, "paid")
    proposed = bare.propose()
    assert proposed.approximate == ("paid_at", "shipped_at", "cancelled_at", "refunded_at")
    bare.attach()
    put(bare, 2, "new")
    bare.execute("UPDATE shop.orders SET state = 'paid' WHERE id = 2")
    (old,), (new,) = bare.orders("paid_at")
    assert old.isoformat() == "2026-03-02T11:00:00+00:00"
    assert 0 <= (world.now() - new).total_seconds() < 60
    bare.execute("UPDATE shop.orders SET state = 'shipped', updated_at = now()")
    assert bare.orders("paid_at") == [(old,), (new,)]
    assert bare.orders("status") == [("shipped",), ("shipped",)]
    assert bare.check().orders == 0


def test_a_cancelled_order_keeps_the_time_of_its_payment(bare: Shop) -> None:
    put(bare, 1, "paid")
    bare.attach()
    paid = bare.orders("paid_at")
    bare.execute("UPDATE shop.orders SET state = 'void'")
    assert bare.orders("status") == [("cancelled",)]
    assert bare.orders("paid_at") == paid


def test_a_flag_is_a_time_that_is_not_known(bare: Shop) -> None:
    bare.execute("ALTER TABLE shop.orders DROP state, ADD is_paid boolean")
    bare.execute(
        "INSERT INTO shop.orders VALUES (1, 5, '2026-03-01', '2026-03-02', true), (2, 5, '2026-03-01', '2026-03-02', NULL)"
    )
    bare.attach()
    assert bare.orders("status") == [("paid",), ("placed",)]


def test_times_without_an_offset_are_times_of_the_zone_whatever_the_writer_has_set(bare: Shop) -> None:
    put(bare, 1)
    assert "read as UTC" in " ".join(bare.propose().notes)
    bare.attach(zone="America/New_York")
    bare.execute("SET TimeZone = 'Asia/Tokyo'; SET DateStyle = 'German'; SET standard_conforming_strings = off")
    put(bare, 2)
    bare.execute("RESET DateStyle")
    placed = [row[0].timestamp() for row in bare.orders("placed_at")]
    assert placed == [1772377200.0, 1772377200.0]  # 2026-03-01 15:00 UTC


@pytest.mark.parametrize(
    ("currency", "amount", "minor"), [("EUR", "12.345", 1235), ("JPY", "1234.4", 1234), ("KWD", "1.2345", 1235)]
)
def test_an_amount_has_as_many_minor_units_as_its_currency(
    bare: Shop, world: World, currency: str, amount: str, minor: int
) -> None:
    bare.tenant_id = world.tenant("other", currency=currency)
    put(bare, 1, amount=amount)
    bare.attach()
    assert bare.orders("total_minor, currency") == [(minor, currency)]


def test_another_currency_is_a_problem_and_is_not_converted(bare: Shop) -> None:
    bare.execute("ALTER TABLE shop.orders ADD currency text")
    put(bare, 1, currency="eur")
    put(bare, 2, currency="USD")
    bare.attach()
    assert bare.orders("external_id") == [("1",)]
    assert "the currency is USD, but the tenant has EUR" in bare.problems()[0][2]


def test_cents_are_read_as_they_are(bare: Shop) -> None:
    bare.execute("ALTER TABLE shop.orders RENAME amount TO amount_cents")
    bare.execute("INSERT INTO shop.orders VALUES (1, 'new', 1250, now(), now())")
    bare.attach()
    assert bare.orders("total_minor") == [(1250,)]


def test_owners_are_found_by_a_value(bare: Shop, world: World) -> None:
    ana = world.user(bare.tenant_id, "Ana Silva")
    (email,) = world.conn.execute("SELECT email FROM users").fetchone() or ("",)
    bare.execute("ALTER TABLE shop.orders ADD rep integer")
    put(bare, 1, rep=7)
    put(bare, 2, rep=8)
    bare.attach(maps={"owner": "rep"}, owners={"7": email})
    assert bare.orders("external_id, owner_id") == [("1", ana), ("2", None)]


def test_an_owner_that_was_chosen_in_doorbell_stays_when_the_table_has_none(bare: Shop, world: World) -> None:
    ana = world.user(bare.tenant_id, "Ana Silva")
    put(bare, 1)
    bare.attach()
    bare.execute("UPDATE orders SET owner_id = %s", ana)
    bare.execute("UPDATE shop.orders SET amount = 11")
    assert bare.orders("owner_id, total_minor") == [(ana, 1100)]


def test_each_row_goes_to_the_tenant_that_it_names_and_moves_with_it(bare: Shop, world: World) -> None:
    world.tenant("japan", currency="JPY")
    bare.execute("ALTER TABLE shop.orders ADD country text")
    put(bare, 1, country="DE")
    put(bare, 2, country="JP")
    put(bare, 3, country="FR")
    bare.attach(maps={"tenant": "CASE country WHEN 'DE' THEN 'acme' WHEN 'JP' THEN 'japan' END"})
    tenant = "(SELECT slug FROM tenants t WHERE t.id = tenant_id)"
    assert bare.orders(f"external_id, {tenant}, total_minor") == [("1", "acme", 1000), ("2", "japan", 10)]
    assert "names no tenant" in bare.problems()[0][2]
    bare.execute("UPDATE shop.orders SET country = 'JP' WHERE id = 1")
    assert bare.orders(f"external_id, {tenant}, total_minor") == [("1", "japan", 10), ("2", "japan", 10)]
    assert bare.check().orders == 0


@pytest.mark.parametrize(
    ("type", "value"),
    [("uuid", "6f2b9c1e-0000-4000-8000-000000000001"), ("text", "A'\\ 1"), ("char(8)", "AB"),
     ("timestamptz", "2026-01-01 10:00:00+00"),
     ("numeric", "12.50"), ("bytea", "\\xdeadbeef"), ("date", "2026-05-01")],
)  # fmt: skip
def test_a_primary_key_of_any_type_identifies_an_order(bare: Shop, type: str, value: str) -> None:
    bare.execute(f"ALTER TABLE shop.orders DROP id, ADD id {type} PRIMARY KEY")
    bare.execute("INSERT INTO shop.orders (id, state, amount, created_at) VALUES (%s, 'new', 1, now())", value)
    bare.attach()
    bare.execute("SET DateStyle = 'German'; SET bytea_output = 'escape'; SET TimeZone = 'Asia/Tokyo'")
    bare.execute("UPDATE shop.orders SET amount = 2")
    assert bare.orders("total_minor") == [(200,)]
    assert bare.check().orders == 0
    bare.execute("DELETE FROM shop.orders")
    assert bare.orders() == []


def test_a_primary_key_of_several_columns_identifies_an_order(bare: Shop) -> None:
    bare.execute('ALTER TABLE shop.orders DROP id, ADD "Shop" text, ADD nr integer, ADD PRIMARY KEY ("Shop", nr)')
    insert = "INSERT INTO shop.orders VALUES ('new', %s, now(), now(), %s, %s)"
    for at in range(3):
        bare.execute(insert, at + 1, 'a"b', at)
    bare.attach()
    bare.execute(insert, 9, "c", 1)
    assert [row[0] for row in bare.orders("external_id")] == [
        '["a\\"b", "0"]',
        '["a\\"b", "1"]',
        '["a\\"b", "2"]',
        '["c", "1"]',
    ]
    bare.execute("SET session_replication_role = replica")
    bare.execute("DELETE FROM shop.orders WHERE nr = 2; UPDATE shop.orders SET amount = 50 WHERE nr = 0")
    drift = bare.check()
    assert (drift.missing, drift.stale, drift.ghosts) == (0, 1, 1)
