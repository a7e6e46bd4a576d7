"""The triggers: which events they write and which rings they send, for every kind of writer and statement."""

from __future__ import annotations

import json
from typing import Any

import psycopg
import pytest

from ..support.database_roles import make_role
from ..support.rings import rings
from ..support.world import Service, World


def types(world: World) -> list[str]:
    return [event["type"] for event in world.events()]


def test_an_insert_writes_placed_and_an_event_per_time_that_is_set(world: World) -> None:
    tenant = world.tenant()
    world.order(tenant, 500)
    world.order(tenant, 900, paid_at="2026-01-02 10:00+00", shipped_at="2026-01-03 10:00+00", refunded_minor=100)
    assert types(world) == ["placed", "placed", "paid", "shipped", "refunded"]
    paid = world.events()[2]
    assert (paid["amount_minor"], paid["occurred_at"].isoformat()[:10]) == (900, "2026-01-02")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"paid_at": "2026-01-02 10:00+00"}, ["paid"]),
        ({"shipped_at": "2026-01-02 10:00+00"}, ["shipped"]),
        ({"cancelled_at": "2026-01-02 10:00+00"}, ["cancelled"]),
        ({"customer": "Hanari Carnes"}, ["edited"]),
        ({"total_minor": 1200}, ["edited"]),
        ({"number": "T1-b"}, ["edited"]),
        ({"cancelled_at": None, "paid_at": None, "shipped_at": None}, []),
        ({"owner_id": None}, ["reassigned"]),
        (
            {"paid_at": "2026-01-02 10:00+00", "shipped_at": "2026-01-02 11:00+00", "refunded_minor": 5},
            ["paid", "shipped", "refunded"],
        ),
        ({"updated_at": "2026-01-02 10:00+00"}, []),
        ({"source": "csv"}, []),
        ({"customer": "Toms Spezialitäten"}, []),
    ],
)
def test_an_update_writes_exactly_its_events(
    world: World, service: Service, change: dict[str, Any], expected: list[str]
) -> None:
    tenant = world.tenant()
    order = world.order(tenant, owner_id=world.user(tenant))
    with rings(service) as received:
        world.change(order, **change)
    assert types(world) == ["placed", *expected]
    assert len(received) == (1 if expected else 0)


def test_an_edit_records_old_and_new_values(world: World) -> None:
    order = world.order(world.tenant(), 1000, paid_at="2026-01-02 10:00+00")
    world.change(order, total_minor=1500, customer="Hanari Carnes", paid_at=None)
    edited, corrected = world.events()[-2:]
    assert (edited["type"], corrected["type"]) == ("edited", "payment_corrected")
    assert edited["old_values"]["total_minor"] == 1000
    assert edited["new_values"]["total_minor"] == 1500
    assert edited["new_values"]["customer"] == "Hanari Carnes"
    assert edited["old_values"]["status"] == "paid"
    assert edited["new_values"]["status"] == "placed"
    assert "number" not in edited["new_values"]


def test_a_refund_records_its_amount_which_is_negative_when_it_is_reversed(world: World) -> None:
    order = world.order(world.tenant(), 1000, paid_at="2026-01-02 10:00+00")
    world.change(order, refunded_minor=300)
    world.change(order, refunded_minor=1000)
    world.change(order, refunded_minor=0)
    assert [e["amount_minor"] for e in world.events() if e["type"] == "refunded"] == [300, 700, -1000]


def test_a_delete_a_truncate_and_a_deleted_tenant_write_events_and_ring(world: World, service: Service) -> None:
    first, second = world.tenant("first"), world.tenant("second")
    for tenant in (first, first, second):
        world.order(tenant)
    with rings(service) as received:
        world.conn.execute("DELETE FROM orders WHERE number = 'T1'")
        world.conn.execute("DELETE FROM tenants WHERE id = %s", [second])
        world.conn.execute("TRUNCATE orders CASCADE")
    assert types(world)[3:] == ["deleted"] * 3
    assert [json.loads(ring)["tenant_id"] for ring in received] == [first, second, first]


@pytest.mark.parametrize("level", ["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"])
def test_a_transaction_rings_once_per_tenant_in_every_isolation_level(
    world: World, service: Service, level: str
) -> None:
    first, second = world.tenant("first"), world.tenant("second")
    with rings(service) as received, world.conn.transaction():
        world.conn.execute(f"SET TRANSACTION ISOLATION LEVEL {level}")
        world.conn.execute(
            "INSERT INTO orders (tenant_id, number, customer, currency, total_minor)"
            " SELECT t, 'B' || n, 'Bulk', 'EUR', n FROM unnest(%s::bigint[]) AS t, generate_series(1, 500) AS n",
            [[first, second]],
        )
        world.conn.execute("UPDATE orders SET paid_at = now()")
    assert sorted(json.loads(ring)["tenant_id"] for ring in received) == [first, second]
    assert len(types(world)) == 2000


def test_an_upsert_that_inserts_and_updates_rings_once(world: World, service: Service) -> None:
    tenant = world.tenant()
    world.order(tenant, 100)
    with rings(service) as received:
        world.conn.execute(
            "INSERT INTO orders (tenant_id, number, customer, currency, total_minor)"
            " VALUES (%(t)s, 'T1', 'A', 'EUR', 200), (%(t)s, 'T2', 'B', 'EUR', 300)"
            " ON CONFLICT (tenant_id, number) DO UPDATE SET total_minor = excluded.total_minor",
            {"t": tenant},
        )
    assert types(world) == ["placed", "placed", "edited"] or types(world) == ["placed", "edited", "placed"]
    assert len(received) == 1


def test_a_copy_of_many_rows_rings_once(world: World, service: Service) -> None:
    tenant = world.tenant()
    with rings(service) as received:
        statement = "COPY orders (tenant_id, number, customer, currency, total_minor) FROM STDIN"
        with world.conn.cursor() as cursor, cursor.copy(statement) as copy:
            for n in range(1000):
                copy.write_row((tenant, f"C{n}", "Copied", "EUR", n))
    assert len(types(world)) == 1000
    assert len(received) == 1


def test_a_rollback_leaves_no_event_and_no_ring(world: World, service: Service) -> None:
    tenant = world.tenant()
    with rings(service) as received:
        with world.conn.transaction(force_rollback=True):
            world.order(tenant)
        with world.conn.transaction():
            with world.conn.transaction(force_rollback=True):  # a savepoint
                world.order(tenant)
            world.order(tenant, number="kept")
    assert types(world) == ["placed"]
    assert len(received) == 1, "the savepoint's ring was rolled back, and the kept order rang again"


def test_a_ring_is_short_and_has_no_name_and_no_amount(world: World, service: Service) -> None:
    tenant = world.tenant()
    with rings(service) as received:
        order = world.order(tenant, 987_654_321, customer="Vins et alcools Chevalier " * 19, number="N" * 64)
        world.conn.execute("UPDATE orders SET paid_at = now()")
        world.conn.execute("UPDATE orders SET paid_at = NULL, shipped_at = now()")
    assert [json.loads(ring) for ring in received] == [
        {"tenant_id": tenant, "type": "placed", "id": order},
        {"tenant_id": tenant, "type": "paid", "id": order},
        {"tenant_id": tenant, "type": "several", "id": order},
    ]
    assert all(len(ring.encode()) < 200 for ring in received)


def test_an_order_cannot_move_to_another_tenant(world: World) -> None:
    first, second = world.tenant("first"), world.tenant("second")
    order = world.order(first)
    with pytest.raises(psycopg.errors.RaiseException, match="delete the order and insert it again"):
        world.change(order, tenant_id=second)


def test_an_event_names_the_program_or_the_user_who_acted(world: World) -> None:
    tenant = world.tenant()
    ana = world.user(tenant)
    world.order(tenant)
    with world.conn.transaction():
        world.conn.execute("SELECT set_config('doorbell.actor', %s, true)", [str(ana)])
        world.conn.execute("UPDATE orders SET paid_at = now()")
    world.conn.execute("UPDATE orders SET shipped_at = now()")
    assert [(e["via"], e["actor_id"]) for e in world.events()] == [("psql", None), ("psql", ana), ("psql", None)]


def test_a_writer_of_orders_needs_no_rights_on_the_outbox(world: World) -> None:
    tenant = world.tenant()
    world.order(tenant)
    with world.conn.transaction(force_rollback=True):
        make_role(world.conn, "till")
        world.conn.execute("GRANT SELECT, UPDATE ON orders TO till")
        world.conn.execute("SET LOCAL ROLE till")
        world.conn.execute("UPDATE orders SET paid_at = now()")
        world.conn.execute("RESET ROLE")
        assert types(world) == ["placed", "paid"]


def test_a_temporary_table_of_a_writer_cannot_replace_the_outbox(world: World) -> None:
    """The triggers run with their owner's rights, so every object that they use must be Doorbell's own."""
    tenant = world.tenant()
    world.conn.execute("CREATE TEMP TABLE order_events (LIKE public.order_events)")
    world.order(tenant)
    kept = world.conn.execute("SELECT type FROM public.order_events").fetchall()
    assert kept == [("placed",)]
    definers = world.conn.execute("SELECT proname, proconfig FROM pg_proc WHERE prosecdef").fetchall()
    assert definers
    assert all("search_path=pg_catalog, public, pg_temp" in config for _, config in definers)


def test_no_plan_of_a_trigger_is_compiled(world: World) -> None:
    """A plan is kept with its decision to compile: with enable_nestloop off, each updated row would pay for it."""
    definers = world.conn.execute("SELECT proname, proconfig FROM pg_proc WHERE prosecdef").fetchall()
    assert [name for name, config in definers if "jit=off" not in config] == []
    (switches,) = world.conn.execute(
        "SELECT array_agg(proname) FROM pg_proc WHERE 'enable_nestloop=off' = ANY (proconfig)"
        " OR 'enable_seqscan=off' = ANY (proconfig)"
    ).fetchall()
    assert sorted(switches[0]) == ["order_events_unread_reason", "order_search", "orders_updated"]
    loose = world.conn.execute(
        "SELECT proname FROM pg_proc WHERE proconfig && ARRAY['enable_nestloop=off', 'enable_seqscan=off']"
        " AND NOT 'jit=off' = ANY (proconfig)"
    ).fetchall()
    assert loose == []


def test_a_bulk_update_after_a_small_one_is_planned_for_many_rows(world: World) -> None:
    """A session keeps its plan: one with a nested loop took 32 s for 20,000 orders instead of 1 s."""
    tenant = world.tenant()
    world.conn.execute(
        "INSERT INTO orders (tenant_id, number, customer, currency, total_minor)"
        " SELECT %s, 'B' || n, 'Bulk', 'EUR', 1 FROM generate_series(1, 20000) AS n",
        [tenant],
    )
    world.conn.execute("UPDATE orders SET total_minor = 2 WHERE number = 'B1'")
    world.conn.execute("SET statement_timeout = '15s'")
    world.conn.execute("UPDATE orders SET total_minor = 3")
    assert types(world).count("edited") == 20_001


@pytest.mark.parametrize("setting", ["doorbell.actor", "doorbell.rung", "doorbell.notify"])
@pytest.mark.parametrize("value", ["", "abc", "1", "-1", "9" * 30, "1,2", "12:abc"])
def test_an_invalid_setting_fails_no_order_and_silences_no_ring(
    world: World, service: Service, setting: str, value: str
) -> None:
    tenant = world.tenant()
    world.conn.execute("SELECT set_config(%s, %s, false)", [setting, value])
    with rings(service) as received:
        world.order(tenant)
    assert types(world) == ["placed"]
    assert len(received) == 1


@pytest.mark.parametrize("moment", ["infinity", "-infinity", "20000-01-01", "0001-01-01 BC"])
def test_a_time_outside_the_calendar_is_refused(world: World, moment: str) -> None:
    tenant = world.tenant()
    with pytest.raises(psycopg.errors.CheckViolation):
        world.order(tenant, placed_at=moment)


def test_a_zone_that_postgresql_does_not_know_is_refused(world: World) -> None:
    tenant = world.tenant()
    with pytest.raises(psycopg.errors.InvalidParameterValue, match="Mars/Olympus"):
        world.conn.execute("UPDATE tenants SET timezone = 'Mars/Olympus' WHERE id = %s", [tenant])
