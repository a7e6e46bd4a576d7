"""The deletion of a tenant: grace, undo, all rows, and what other tenants notice of it: nothing."""

from __future__ import annotations

import psycopg
import pytest
import redis
from flask import Flask

from webapp.attach.errors import AttachRefused
from webapp.privacy import deletion, tables
from webapp.rollups import refresh
from webapp.signals import publisher

from ..support.account_commands import PASSWORD, flask
from ..support.attached import SHOP_ORDERS, Shop
from ..support.privacy import Privacy, fill
from ..support.signals import published
from ..support.world import Service, World


def rows_of(conn: psycopg.Connection, tenant: int) -> set[str]:
    """The tables with a row of the tenant. The audit log keeps that it was deleted."""
    found = set()
    for table in tables.read(conn):
        key = "tenant_id" if table.column("tenant_id") else "id" if table.root == "tenants" else None
        if key and conn.execute(f"SELECT EXISTS (SELECT FROM {table.name} WHERE {key} = %s)", [tenant]).fetchone() == (
            True,
        ):
            found.add(table.root)
    return found


@pytest.fixture
def other(world: World) -> int:
    """Another tenant with an order."""
    tenant = world.tenant("other")
    world.order(tenant, 700, owner_id=world.user(tenant, "Ben Okafor"), paid_at="now")
    return tenant


def test_all_rows_go_and_other_tenants_notice_nothing(
    app: Flask,
    service: Service,
    world: World,
    conn: psycopg.Connection,
    redis_client: redis.Redis,
    tenant: int,
    ana: int,
    other: int,
) -> None:
    fill(world, tenant, ana, world.order(tenant, 500, owner_id=ana, paid_at="now"))
    conn.execute("DELETE FROM attachments")
    conn.execute(
        "INSERT INTO outbox_readers (name, snapshot, system_identifier, timeline, drained_at)"
        " SELECT 'relay hook', pg_current_snapshot(), system_identifier, 1, now() FROM pg_control_system()"
    )
    refresh.refresh(service.database_url)
    publisher.publish(redis_client, tenant, {"orders": None})
    before, events = rows_of(conn, other), len(world.events(other))
    assert len(rows_of(conn, tenant)) > 20

    assert "add --yes" in flask(app, "tenant", "delete", "acme").stderr
    result = flask(app, "tenant", "delete", "acme", "--yes")

    assert result.stdout == "Deleted tenant acme.\n", result.stderr
    assert rows_of(conn, tenant) == {"audit_log"}
    readers = conn.execute("SELECT name FROM outbox_readers").fetchall()
    assert readers == [("rollups",)], "a cursor without its destination would keep old events"
    assert (rows_of(conn, other), len(world.events(other))) == (before, events)
    assert len(world.events()) == events, "no event of a deleted order, and none of the tenant's is left"
    assert published(redis_client, other) == []
    assert redis_client.keys(f"live:{tenant}:*") == []
    row = conn.execute(
        "SELECT kind, details ->> 'slug', subject FROM audit_log WHERE tenant_id = %s", [tenant]
    ).fetchall()
    assert ("tenant_deleted", "acme", None) in row
    world.order(other, 50, paid_at="now")
    assert refresh.refresh(service.database_url) == {other}, "the readers go on"


def test_a_tenant_with_attached_tables_is_not_deleted(
    app: Flask, world: World, conn: psycopg.Connection, tenant: int, ana: int
) -> None:
    fill(world, tenant, ana, world.order(tenant, owner_id=ana))
    refused = flask(app, "tenant", "delete", "acme", "--yes")
    assert refused.exit_code == 2
    assert "Detach them first" in refused.stderr


def test_during_the_grace_only_admins_sign_in_and_one_can_undo_it(
    app: Flask, conn: psycopg.Connection, tenant: int, privacy: Privacy
) -> None:
    for role in ("admin", "sales"):
        flask(
            app,
            "user",
            "create",
            f"{role}@example.com",
            "--tenant",
            "acme",
            "--name",
            "Kim Lee",
            "--role",
            role,
            "--password-stdin",
            types=PASSWORD,
        )
    app.config["WTF_CSRF_ENABLED"] = False

    def sign_in(role: str) -> tuple[int, str]:
        answer = app.test_client().post("/sign-in", data={"email": f"{role}@example.com", "password": PASSWORD})
        return answer.status_code, answer.text

    assert sign_in("sales")[0] == 303
    deletion.schedule(conn, tenant, None)
    assert privacy.worker.run() == 0, "its time has not come"
    status, text = sign_in("sales")
    assert (status, "only its admins can sign in" in text) == (422, True)
    assert sign_in("admin")[0] == 303
    assert deletion.cancel(conn, tenant)
    assert sign_in("sales")[0] == 303
    conn.execute("UPDATE privacy_jobs SET due_at = now()")
    assert privacy.worker.run() == 0


def test_an_interrupted_deletion_goes_on(conn: psycopg.Connection, world: World, tenant: int, privacy: Privacy) -> None:
    world.order(tenant)
    deletion.schedule(conn, tenant, None, days=0)
    privacy.worker.stop()
    assert privacy.worker.run() == 0
    conn.execute(
        "UPDATE privacy_jobs SET state = 'running', lease_until = now(), position = '{\"table\": 3, \"block\": 0}'"
    )
    privacy.worker._stop.clear()
    assert privacy.worker.run() == 1
    assert rows_of(conn, tenant) == {"audit_log"}


def test_no_table_is_attached_to_a_tenant_that_is_going_to_be_deleted(
    service: Service, world: World, conn: psycopg.Connection, tenant: int
) -> None:
    """Its triggers would stay on the company's table, and detaching would not find them."""
    shop = Shop(service, conn, tenant)
    conn.execute(SHOP_ORDERS)
    shop.add(1)
    deletion.schedule(conn, tenant, None)
    with pytest.raises(AttachRefused, match="'acme' is deleted on"):
        shop.install()
    deletion.cancel(conn, tenant)
    shop.install()
    with pytest.raises(deletion.TablesAttached):
        deletion.schedule(conn, tenant, None)
