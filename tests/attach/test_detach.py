"""Detaching leaves nothing behind."""

from __future__ import annotations

from typing import Any

import pytest

from webapp.attach import attachments, detach, role

from ..support.attached import SAME, Shop
from ..support.world import World

# Objects and rights that an attachment could leave behind.
_LEFT = """
SELECT 'function ' || p.proname FROM pg_proc p WHERE p.proname LIKE 'attach\\_%' AND p.proname <> 'attach_problem'
UNION ALL SELECT 'trigger ' || t.tgname FROM pg_trigger t WHERE t.tgname LIKE 'doorbell%'
UNION ALL SELECT 'always ' || t.tgname FROM pg_trigger t WHERE t.tgenabled = 'A'
UNION ALL SELECT 'attachment' FROM attachments
UNION ALL SELECT 'problem' FROM attach_problems
UNION ALL SELECT 'right on ' || c.relname FROM pg_class c WHERE c.relacl::text LIKE '%doorbell_attach%'
UNION ALL SELECT 'right on column ' || a.attname FROM pg_attribute a WHERE a.attacl::text LIKE '%doorbell_attach%'
UNION ALL SELECT 'right on schema ' || n.nspname FROM pg_namespace n WHERE n.nspacl::text LIKE '%doorbell_attach%'
UNION ALL SELECT 'right on function ' || p.proname FROM pg_proc p WHERE p.proacl::text LIKE '%doorbell_attach%'
"""


def left(shop: Shop) -> list[Any]:
    return [row[0] for row in shop.conn.execute(_LEFT).fetchall()]


def detached(shop: Shop, *, keep: bool) -> int:
    with shop.connect() as conn:
        (attachment,) = attachments.every(conn)
        return detach.run(conn, attachment, keep_orders=keep)


@pytest.mark.parametrize("is_replica", [False, True])
def test_detaching_removes_every_object_right_and_order(shop_table: Shop, world: World, is_replica: bool) -> None:
    world.order(shop_table.tenant_id, number="form")
    shop_table.add(1)
    shop_table.add(2, total="-1")
    shop_table.attach(is_replica=is_replica)
    assert len(left(shop_table)) > 5
    assert detached(shop_table, keep=False) == 1
    assert left(shop_table) == []
    assert world.conn.execute("SELECT number FROM orders").fetchall() == [("form",)]
    shop_table.execute("UPDATE shop.orders SET total = 3")


def test_a_partitioned_table_is_detached_with_its_partitions(shop_table: Shop) -> None:
    from .test_partitions import PARTITIONED

    shop_table.execute(PARTITIONED)
    shop_table.attach()
    assert any("right on column" in thing for thing in left(shop_table))
    detached(shop_table, keep=True)
    assert left(shop_table) == []


def test_kept_orders_continue_when_the_table_is_attached_again(shop_table: Shop) -> None:
    shop_table.add(1)
    shop_table.add(2)
    shop_table.attach()
    before = shop_table.orders("number, id")
    assert detached(shop_table, keep=True) == 2
    shop_table.execute("UPDATE shop.orders SET total = 30 WHERE id = 1; DELETE FROM shop.orders WHERE id = 2")
    assert shop_table.orders("number, id") == before
    assert shop_table.propose().kept_orders == 2
    shop_table.attach(maps={"customer": "upper(customer_name)"})
    assert shop_table.check().ghosts == 1
    assert shop_table.orders("id, total_minor, customer") == [(before[0][1], 3000, "TOMS")]


def test_the_role_stays_while_another_table_is_attached(shop_table: Shop) -> None:
    shop_table.execute("CREATE TABLE shop.other (LIKE shop.orders INCLUDING ALL)")
    shop_table.attach()
    shop_table.attach("shop.other", prefix="O-")
    with shop_table.connect() as conn:
        detach.run(conn, attachments.by_name(conn, "shop.other"), keep_orders=False)
    shop_table.add(1)
    assert shop_table.differences() == SAME
    exists = "SELECT count(*) FROM pg_roles WHERE rolname = %s"
    assert shop_table.execute(exists, role.ROLE).fetchone() == (1,)
