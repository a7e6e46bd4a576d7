"""The orders follow each write of an attached table."""

from __future__ import annotations

import pytest

from ..support.attached import SAME, Shop
from ..support.world import World


def test_rows_from_before_and_after_become_orders(shop_table: Shop) -> None:
    shop_table.add(1, "12.50", paid_at="2026-01-02T03:04:05Z")
    shop_table.attach()
    shop_table.add(2, "7.00")
    assert shop_table.orders() == [("S1", 1250, "paid"), ("S2", 700, "placed")]
    assert shop_table.differences() == SAME


def test_updates_soft_deletes_and_deletes_are_copied(shop_table: Shop) -> None:
    for id in range(1, 5):
        shop_table.add(id)
    shop_table.attach()
    shop_table.execute("UPDATE shop.orders SET total = 99, shipped_at = now(), paid_at = now() WHERE id = 1")
    shop_table.execute("UPDATE shop.orders SET deleted_at = now() WHERE id = 2")
    shop_table.execute("DELETE FROM shop.orders WHERE id = 3")
    assert shop_table.orders() == [("S1", 9900, "shipped"), ("S4", 1000, "placed")]
    shop_table.execute("UPDATE shop.orders SET deleted_at = NULL WHERE id = 2")
    assert shop_table.differences() == SAME


def test_a_change_of_another_column_writes_no_order_and_no_event(shop_table: Shop, world: World) -> None:
    shop_table.add(1)
    shop_table.attach()
    before = len(world.events())
    shop_table.execute("UPDATE shop.orders SET note = 'x'")
    assert len(world.events()) == before
    shop_table.execute("UPDATE shop.orders SET total = 11")
    assert [event["type"] for event in world.events()[before:]] == ["edited"]


def test_a_payment_and_a_shipment_that_the_table_takes_back_are_corrections(shop_table: Shop, world: World) -> None:
    shop_table.add(1)
    shop_table.attach()
    shop_table.execute("UPDATE shop.orders SET shipped_at = now(), paid_at = now()")
    shop_table.execute("UPDATE shop.orders SET shipped_at = NULL, paid_at = NULL")
    assert [event["type"] for event in world.events()[-2:]] == ["payment_corrected", "shipment_corrected"]
    assert shop_table.differences() == SAME


def test_a_correction_in_doorbell_is_a_difference_until_the_table_says_it_too(shop_table: Shop, world: World) -> None:
    """The table is the truth of its orders: its next write of the row marks the order again."""
    shop_table.add(1)
    shop_table.attach()
    shop_table.execute("UPDATE shop.orders SET paid_at = now()")
    world.conn.execute("UPDATE orders SET paid_at = NULL")
    assert shop_table.differences() != SAME
    shop_table.execute("UPDATE shop.orders SET total = 12")
    assert shop_table.orders() == [("S1", 1200, "paid")]
    shop_table.execute("UPDATE shop.orders SET paid_at = NULL")
    assert shop_table.differences() == SAME


def test_a_change_of_another_column_executes_no_statement_on_orders(shop_table: Shop) -> None:
    """A statement that changes no order fires the triggers of orders, which takes longer than the rest of the copy."""
    shop_table.add(1)
    shop_table.attach()
    shop_table.execute("CREATE TABLE shop.log (op text)")
    shop_table.execute(
        "CREATE FUNCTION shop.log() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS"
        " $$ BEGIN INSERT INTO shop.log VALUES (TG_OP); RETURN NULL; END $$"
    )
    for event in ("INSERT", "UPDATE", "DELETE"):
        shop_table.execute(f"CREATE TRIGGER log_{event} AFTER {event} ON orders EXECUTE FUNCTION shop.log()")
    shop_table.execute("UPDATE shop.orders SET note = 'x'")
    shop_table.execute("UPDATE shop.orders SET total = 1 WHERE id = 7")
    assert shop_table.execute("SELECT op FROM shop.log").fetchall() == []
    shop_table.execute("UPDATE shop.orders SET total = 12")
    shop_table.add(2)
    shop_table.execute("DELETE FROM shop.orders WHERE id = 1")
    assert shop_table.execute("SELECT op FROM shop.log").fetchall() == [("UPDATE",), ("INSERT",), ("DELETE",)]
    assert shop_table.differences() == SAME


@pytest.mark.parametrize("is_replica", [False, True])
def test_a_generated_column_is_copied(shop_table: Shop, is_replica: bool) -> None:
    kind = "VIRTUAL" if shop_table.conn.info.server_version >= 180000 else "STORED"
    shop_table.execute(f"ALTER TABLE shop.orders ADD grand numeric GENERATED ALWAYS AS (total * 2 + 1) {kind}")
    shop_table.add(1)
    shop_table.attach(maps={"total": "grand"}, is_replica=is_replica)
    shop_table.add(2, "1.50")
    shop_table.execute("UPDATE shop.orders SET total = 4 WHERE id = 1")
    assert shop_table.orders("external_id, total_minor") == [("1", 900), ("2", 400)]
    shop_table.execute(
        "INSERT INTO shop.orders (id, order_number, customer_name, total) VALUES (3, 'a', '', 1), (4, 'b', '', 2)"
    )
    assert shop_table.orders("external_id, total_minor")[2:] == [("3", 300), ("4", 500)]
    assert shop_table.check().orders == 0


def test_rows_that_exchange_their_numbers_in_one_statement_are_problems_until_one_has_a_free_number(
    shop_table: Shop,
) -> None:
    shop_table.add(1)
    shop_table.add(2)
    shop_table.attach()
    shop_table.execute("UPDATE shop.orders SET order_number = 'S' || 3 - id")
    shop_table.check()
    assert shop_table.orders("external_id, number") == [("1", "S1"), ("2", "S2")]
    assert [problem[:2] for problem in shop_table.problems()] == [("1", "23505"), ("2", "23505")]
    shop_table.execute("UPDATE shop.orders SET order_number = 'free' WHERE id = 1")
    shop_table.check()
    shop_table.execute("UPDATE shop.orders SET order_number = 'S2' WHERE id = 1")
    assert shop_table.differences() == SAME
    shop_table.check()
    assert shop_table.problems() == []


def test_a_changed_primary_key_is_another_order(shop_table: Shop) -> None:
    shop_table.add(1)
    shop_table.attach()
    shop_table.execute("UPDATE shop.orders SET id = id + 100")
    assert shop_table.orders("number, external_id") == [("S1", "101")]


def test_truncate_deletes_all_orders_of_the_table_and_no_other(shop_table: Shop, world: World) -> None:
    world.order(shop_table.tenant_id, number="form")
    shop_table.add(1)
    shop_table.attach()
    shop_table.execute("TRUNCATE shop.orders")
    assert world.conn.execute("SELECT number FROM orders").fetchall() == [("form",)]


def test_a_merge_and_an_upsert_are_copied(shop_table: Shop) -> None:
    shop_table.add(1)
    shop_table.attach()
    shop_table.execute(
        "INSERT INTO shop.orders (id, order_number, customer_name, total) VALUES (1, 'S1', 'Toms', 5), (2, 'S2', 'Toms', 6)"
        " ON CONFLICT (id) DO UPDATE SET total = excluded.total"
    )
    if shop_table.conn.info.server_version < 150000:
        # Without MERGE: the same by two statements.
        shop_table.execute("DELETE FROM shop.orders WHERE id = 1")
        shop_table.add(3, "7.00")
        assert shop_table.orders("number, total_minor") == [("S2", 600), ("S3", 700)]
        return
    shop_table.execute(
        "MERGE INTO shop.orders t USING (VALUES (1), (3)) AS s (id) ON t.id = s.id"
        " WHEN MATCHED THEN DELETE"
        " WHEN NOT MATCHED THEN INSERT (id, order_number, customer_name, total) VALUES (s.id, 'S3', 'Toms', 7)"
    )
    assert shop_table.orders("number, total_minor") == [("S2", 600), ("S3", 700)]


def test_history_notifies_no_owner_and_a_new_payment_does(shop_table: Shop, world: World) -> None:
    owner = world.user(shop_table.tenant_id, "Ben Okafor")
    shop_table.execute("ALTER TABLE shop.orders ADD COLUMN owner_email text")
    (email,) = world.conn.execute("SELECT email FROM users WHERE id = %s", [owner]).fetchone() or ("",)
    shop_table.add(1, owner_email=email.upper(), paid_at="now")
    shop_table.add(2, owner_email=email)
    shop_table.attach()
    assert shop_table.orders("number, owner_id") == [("S1", owner), ("S2", owner)]
    assert world.conn.execute("SELECT count(*) FROM notifications").fetchone() == (0,)
    shop_table.execute("UPDATE shop.orders SET paid_at = now() WHERE id = 2")
    assert world.conn.execute("SELECT user_id FROM notifications").fetchall() == [(owner,)]


def test_history_that_is_loaded_after_the_attachment_notifies_no_owner(shop_table: Shop, world: World) -> None:
    owner = world.user(shop_table.tenant_id, "Ben Okafor")
    shop_table.execute(
        "ALTER TABLE shop.orders ADD COLUMN owner_email text, ADD COLUMN state text, DROP COLUMN paid_at"
    )
    shop_table.attach(statuses={"paid": "paid"}, maps={"owner": "owner_email", "status": "state"})
    world.conn.execute("UPDATE users SET email = 'ben@shop.example' WHERE id = %s", [owner])
    row = {"owner_email": "ben@shop.example", "state": "paid"}
    shop_table.add(1, created_at="2024-03-01 10:00+00", **row)
    shop_table.add(2, created_at="now", **row)
    (old,), (new,) = shop_table.orders("paid_at")
    assert old.isoformat() == "2024-03-01T10:00:00+00:00"
    assert 0 <= (world.now() - new).total_seconds() < 60
    news = "SELECT o.number FROM notifications n JOIN orders o ON o.id = n.order_id"
    assert world.conn.execute(news).fetchall() == [("S2",)]
    # A state that an order gets later is news, whatever its age.
    shop_table.add(3, created_at="2024-03-01 10:00+00", owner_email="ben@shop.example", state="placed")
    shop_table.execute("UPDATE shop.orders SET state = 'paid' WHERE id = 3")
    assert world.conn.execute(news).fetchall() == [("S2",), ("S3",)]


def test_a_refund_without_a_time_is_not_dated_before_its_payment(shop_table: Shop) -> None:
    """Neither in old rows nor in history that is loaded later."""
    row = {"created_at": "2024-03-01 10:00+00", "paid_at": "2024-03-05 10:00+00", "refunded": "4.00"}
    shop_table.add(1, **row)
    shop_table.attach()
    shop_table.add(2, **row)
    assert shop_table.problems() == []
    moments = shop_table.orders("refunded_at")
    assert [moment.isoformat() for (moment,) in moments] == ["2024-03-05T10:00:00+00:00"] * 2
