"""Triggers keep the audit log append-only, also for the role that owns it; only erasure and retention change it."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from psycopg import sql

from webapp.audit.kinds import Kind
from webapp.audit.recording import record

from ..support.database_roles import SHOP, make_role, signed_in
from ..support.world import Service, World

CHANGES = (
    "UPDATE audit_log SET subject = 'another'",
    "UPDATE audit_log SET kind = 'sign_in', erased_at = now()",
    "UPDATE audit_log SET at = at - interval '1 hour'",
    "UPDATE audit_log SET actor_id = NULL",
    "UPDATE audit_log SET actor_name = NULL",  # without an entry of an erasure
    "UPDATE audit_log SET details = '{}'",
    "DELETE FROM audit_log",
    "DELETE FROM audit_log WHERE id IN (SELECT id FROM audit_log LIMIT 1)",
    "TRUNCATE audit_log",
    "TRUNCATE audit_log CASCADE",
)
_ENTRY = "SELECT actor_name, subject, address, session, browser, details, erased_at IS NULL FROM audit_log"


def refund(world: World, tenant: int, user: int) -> None:
    record(
        world.conn, Kind.ORDER_REFUNDED, tenant_id=tenant, actor_id=user, subject="1001", details={"amount_minor": 5}
    )


def made_old(world: World, months: int) -> None:
    """Move all entries into the past, as a superuser can without triggers."""
    with world.conn.transaction():
        world.conn.execute("SET LOCAL session_replication_role = replica")
        world.conn.execute("UPDATE audit_log SET at = at - make_interval(months => %s)", [months])


def rows(world: World) -> list[Any]:
    return world.conn.execute(f"{_ENTRY} ORDER BY id").fetchall()


@pytest.mark.parametrize("change", CHANGES)
def test_the_owner_of_the_table_cannot_change_an_entry(world: World, change: str) -> None:
    tenant = world.tenant()
    refund(world, tenant, world.user(tenant))
    before = rows(world)
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="append-only"):
        world.conn.execute(change)
    assert rows(world) == before


def test_a_role_that_may_insert_and_read_can_do_no_more(world: World, service: Service) -> None:
    make_role(world.conn, SHOP)
    tenant = world.tenant()
    refund(world, tenant, world.user(tenant))
    world.conn.execute(
        sql.SQL("GRANT SELECT, INSERT ON audit_log TO {0}; GRANT SELECT ON users TO {0}").format(sql.Identifier(SHOP))
    )
    with signed_in(service, SHOP) as shop:
        record(shop, Kind.SIGN_OUT, tenant_id=tenant)
        for change in (*CHANGES, "SELECT audit_log_remove_months(3)", "ALTER TABLE audit_log DISABLE TRIGGER USER"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                shop.execute(change)
    assert [row[1] for row in rows(world)] == ["1001", None]


def test_an_entry_cannot_be_dated_back(world: World) -> None:
    tenant = world.tenant()
    world.conn.execute(
        "INSERT INTO audit_log (tenant_id, kind, origin, at, xid) VALUES (%s, 'sign_in', 'browser', '2020-01-01', '1')",
        [tenant],
    )
    found = world.conn.execute("SELECT now() - at < '1 minute', xid > '1'::xid8 FROM audit_log").fetchone()
    assert found == (True, True)


def test_an_entry_stays_when_its_user_and_tenant_are_deleted(world: World) -> None:
    tenant = world.tenant()
    refund(world, tenant, world.user(tenant))
    before = rows(world)
    world.conn.execute("DELETE FROM users")
    world.conn.execute("DELETE FROM tenants")
    assert rows(world) == before


def test_an_erasure_sets_a_persons_data_to_null_and_keeps_the_entries(world: World) -> None:
    tenant = world.tenant()
    ana, ben = world.user(tenant), world.user(tenant, "Ben Berg")
    refund(world, tenant, ana)
    record(
        world.conn,
        Kind.USER_RENAMED,
        tenant_id=tenant,
        actor_id=ben,
        subject_id=ana,
        details={"person": {"old": "Ana"}},
    )
    record(world.conn, Kind.SIGN_IN_FAILED, tenant_id=None, actor_name=" ", subject="Ana.Old@Example.com")
    with world.conn.transaction():
        record(world.conn, Kind.PRIVACY_ERASURE, tenant_id=tenant, actor_id=ben)
        count = world.conn.execute("SELECT audit_log_erase_person(%s, %s, %s)", [tenant, ana, ["ana.old@example.com"]])
        assert count.fetchone() == (3,)
    assert [(row[0], row[1], row[5], row[6]) for row in rows(world)] == [
        (None, "1001", {"amount_minor": 5}, False),
        ("Ben Berg", None, {}, False),
        (" ", None, {}, False),
        ("Ben Berg", None, {}, True),
    ]


def test_old_months_are_removed_with_an_entry(world: World) -> None:
    tenant = world.tenant()
    user = world.user(tenant)
    refund(world, tenant, user)
    made_old(world, 5)
    refund(world, tenant, user)
    made_old(world, 2)
    assert world.conn.execute("SELECT audit_log_remove_months(6)").fetchone() == (1,)
    kinds = world.conn.execute("SELECT kind, tenant_id, details -> 'entries' FROM audit_log ORDER BY id").fetchall()
    assert kinds == [("order_refunded", tenant, None), ("audit_log_removed", tenant, 1)]
    assert world.conn.execute("SELECT audit_log_remove_months(6)").fetchone() == (0,)
    with pytest.raises(psycopg.errors.RaiseException, match="at least 3"):
        world.conn.execute("SELECT audit_log_remove_months(2)")


def test_an_entry_of_a_removal_does_not_permit_a_choice_of_entries(world: World) -> None:
    """The owner of the table writes the entry by hand, and deletes one of two old entries."""
    tenant = world.tenant()
    user = world.user(tenant)
    refund(world, tenant, user)
    refund(world, tenant, user)
    made_old(world, 7)
    bound = world.conn.execute(
        "SELECT (date_trunc('month', now() AT TIME ZONE 'UTC') - interval '4 months') AT TIME ZONE 'UTC'"
    )
    before = bound.fetchone()
    assert before is not None
    with world.conn.transaction(force_rollback=True):
        record(world.conn, Kind.AUDIT_LOG_REMOVED, tenant_id=tenant, details={"before": before[0].isoformat()})
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="append-only"):
            world.conn.execute("DELETE FROM audit_log WHERE id = (SELECT min(id) FROM audit_log)")
    assert len(rows(world)) == 2
