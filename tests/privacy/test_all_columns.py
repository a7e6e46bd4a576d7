"""After an erasure no byte of the name is in any column of any table. The tables are those that PostgreSQL lists."""

from __future__ import annotations

import psycopg

from webapp.privacy import subjects, tables
from webapp.privacy.catalog import CATALOG
from webapp.privacy.requests import erase_user

from ..support.privacy import Privacy, fill, places, plant
from ..support.uploads import Uploads, csv
from ..support.world import World
from .conftest import ERIKA


def test_the_catalog_lists_each_column_that_may_hold_a_name(conn: psycopg.Connection) -> None:
    """A column that is new: what may it hold of a person? Add it to webapp/privacy/catalog.py."""
    rows = conn.execute(
        "SELECT coalesce(p.relname, c.relname), a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid"
        " LEFT JOIN pg_inherits i ON i.inhrelid = c.oid LEFT JOIN pg_class p ON p.oid = i.inhparent"
        " WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped"
        " AND c.relname <> 'alembic_version' AND format_type(a.atttypid, NULL) = ANY (%s)",
        [list(tables.TEXTS)],
    ).fetchall()
    assert len(rows) > 80
    assert {f"{table}.{column}" for table, column in rows if column not in CATALOG.get(table, {})} == set()


def test_each_table_with_rows_of_a_tenant_is_searched(conn: psycopg.Connection) -> None:
    found = tables.read(conn)
    assert {table.root for table in found} >= {"orders", "order_events", "webhook_attempts", "attach_problems"}
    without = {t.root for t in found if t.of_tenant.as_string(conn) == "false" and t.searched(is_user=False)}
    assert without == set(), "add the table's parent to PARENTS in webapp/privacy/catalog.py"


def test_no_byte_of_a_customers_name_is_left(
    world: World, conn: psycopg.Connection, tenant: int, ana: int, privacy: Privacy, uploads: Uploads
) -> None:
    order = world.order(tenant, 12_900, customer=ERIKA, owner_id=ana, paid_at="now")
    world.change(order, customer="Someone else")
    world.change(order, customer=f" {ERIKA.upper()} ")
    uploads.run(uploads.add(csv(f"A-1,{ERIKA},yesterday,1.00,")))
    fill(world, tenant, ana, order)
    planted = plant(conn, tenant, ERIKA, is_user=False)
    searched = {f"{t.root}.{c.name}" for t in tables.read(conn) for c in t.searched(is_user=False)}
    assert searched - planted <= {"privacy_jobs.problem"}, "fill a row of the table in tests/support/privacy.py"
    assert len(places(conn, ERIKA)) >= 40

    job = privacy.customer(ERIKA)

    assert (job.state, job.subject, job.names) == ("done", None, None)
    assert places(conn, ERIKA, "Müßtermann") == set()
    assert conn.execute("SELECT customer, total_minor, status FROM orders").fetchall() == [
        (job.pseudonym, 12_900, "paid")
    ]


def test_no_byte_of_a_users_name_and_address_is_left(
    world: World, conn: psycopg.Connection, tenant: int, privacy: Privacy, uploads: Uploads
) -> None:
    zoe = world.user(tenant, "Zoë Quux-Example", email="zoe.quux@example.com", password_hash="x", language="de")
    order = world.order(tenant, 500, owner_id=zoe)
    uploads.run(
        uploads.add(
            csv(
                "A-1,Hotel,2026-11-02,1.00,,zoe.quux@example.com",
                header="number,customer,placed_at,total,paid_at,owner_email",
            )
        )
    )
    fill(world, tenant, zoe, order)
    plant(conn, tenant, "Zoë Quux-Example <zoe.quux@example.com>", is_user=True)
    conn.execute(
        "INSERT INTO audit_log (tenant_id, kind, origin, actor_id, actor_name, subject, details)"
        " VALUES (%s, 'sign_in', 'browser', %s, 'Zoë Quux-Example', 'zoe.quux@example.com', %s)",
        [tenant, zoe, '{"person": {"email": "zoe.quux@example.com"}}'],
    )
    assert len(places(conn, "zoe.quux@example.com")) > 30
    subject = subjects.user(conn, tenant, zoe)
    assert subject is not None

    job = erase_user(conn, subject, by=None)
    privacy.worker.run()

    assert privacy.find(job.id).state == "done"
    assert places(conn, "Zoë Quux", "zoe.quux") == set()
    row = conn.execute("SELECT email, password_hash, language, disabled_at IS NOT NULL FROM users").fetchone()
    assert row == (f"{job.pseudonym[-8:].lower()}@erased.invalid", None, None, True)
    assert conn.execute("SELECT owner_id, total_minor FROM orders WHERE id = %s", [order]).fetchone() == (zoe, 500)
