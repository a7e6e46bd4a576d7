"""Names in the subjects of the audit log, and in documents that concern several people: exported and erased."""

from __future__ import annotations

import json
from io import BytesIO
from typing import Any
from zipfile import ZipFile

import psycopg

from webapp.audit.kinds import Kind
from webapp.audit.recording import record
from webapp.privacy import subjects
from webapp.privacy.export import Export
from webapp.privacy.requests import erase_user
from webapp.privacy.subjects import Subject

from ..support.privacy import Privacy, places
from ..support.world import World
from .conftest import ERIKA

ENTRIES = "SELECT kind, actor_id, subject, details FROM audit_log WHERE kind <> 'privacy_erasure' ORDER BY id"


def uploaded(world: World, tenant: int, actor: int, name: str) -> None:
    record(world.conn, Kind.IMPORT_UPLOADED, tenant_id=tenant, actor_id=actor, subject=name, details={"bytes": 7})


def exported(conn: psycopg.Connection, subject: Subject) -> dict[str, Any]:
    """The documents of an export by table."""
    content = b"".join(Export(lambda read: read(conn), subject).pieces())
    with ZipFile(BytesIO(content)) as file:
        return {name: json.loads(file.read(name)) for name in file.namelist() if name.endswith(".json")}


def test_a_customers_name_goes_from_the_names_of_imported_files_in_the_audit_log(
    world: World, conn: psycopg.Connection, tenant: int, ana: int, privacy: Privacy
) -> None:
    for name in (f"Orders of {ERIKA.upper()}.csv", "orders.csv"):
        uploaded(world, tenant, ana, name)
    uploaded(world, other := world.tenant("other"), world.user(other), f"{ERIKA}.csv")
    (entry,) = exported(conn, subjects.customer(conn, tenant, ERIKA))["audit_log.json"]
    assert (entry["subject"], entry["actor_name"]) == (f"Orders of {ERIKA.upper()}.csv", "(another person)")

    privacy.customer(ERIKA)

    entries = conn.execute(ENTRIES).fetchall()
    assert [row[2] for row in entries] == [None, "orders.csv", f"{ERIKA}.csv"], "the last is another company's"
    assert entries[0] == ("import_uploaded", ana, None, {"bytes": 7})
    conn.execute("DELETE FROM tenants WHERE id = %s", [other])
    assert places(conn, ERIKA) == {"audit_log.subject", "audit_log.subject_key"}


def test_a_users_name_goes_from_the_subjects_that_name_no_user(
    world: World, conn: psycopg.Connection, tenant: int, ana: int, privacy: Privacy
) -> None:
    zoe = world.user(tenant, "Zoë Quux-Example", email="zoe.quux@example.com")
    record(conn, Kind.TV_LINK_CREATED, tenant_id=tenant, actor_id=ana, subject="Desk of Zoe Quux-Example")
    uploaded(world, tenant, ana, "orders of zoe.quux@example.com (2).csv")
    subject = subjects.user(conn, tenant, zoe)
    assert subject is not None
    erase_user(conn, subject, by=None)
    privacy.worker.run()
    assert places(conn, "Zoe Quux", "Zoë Quux", "zoe.quux") == set()
    assert [row[1:3] for row in conn.execute(ENTRIES)] == [(ana, None), (ana, None)]


def test_an_export_of_a_user_leaves_out_other_people(
    world: World, conn: psycopg.Connection, tenant: int, ana: int
) -> None:
    zoe = world.user(tenant, "Zoë Quux", email="zoe.quux@example.com")
    order = world.order(tenant, customer=ERIKA, owner_id=zoe)
    conn.execute(
        "INSERT INTO relay_destinations (tenant_id, name, kind, url) VALUES (%s, 'hook', 'webhook', 'https://example.com')",
        [tenant],
    )
    body = {"data": {"order": {"customer": ERIKA, "owner": {"name": "Zoë Quux"}}}}
    conn.execute(
        "INSERT INTO webhook_deliveries (tenant_id, destination_id, event_id, order_id, type, message_id, body)"
        " SELECT %s, id, 1, %s, 'order.placed', 'm', %s FROM relay_destinations",
        [tenant, order, json.dumps(body).encode()],
    )
    record(conn, Kind.ROLE_CHANGED, tenant_id=tenant, actor_id=ana, subject_id=zoe, details={"to": "admin"})
    subject = subjects.user(conn, tenant, zoe)
    assert subject is not None

    found = exported(conn, subject)

    (delivery,) = found["webhook_deliveries.json"]
    assert delivery["body"]["data"]["order"]["owner"] == {"name": "Zoë Quux"}
    assert found["audit_log.json"][0]["details"] == {"to": "admin"}
    text = json.dumps(found, ensure_ascii=False)
    assert ERIKA not in text
    assert "Ana Silva" not in text


def test_a_customer_whose_name_is_a_word_of_the_program_is_erased_in_one_round(
    world: World, conn: psycopg.Connection, tenant: int, privacy: Privacy
) -> None:
    order = world.order(tenant, customer="Customer")
    world.change(order, customer="Someone else")
    conn.execute("UPDATE orders SET customer = 'customer', source = 'Gift of a customer' WHERE id = %s", [order])
    job = privacy.customer("Customer")
    assert (job.state, job.problem) == ("done", None)
    assert conn.execute("SELECT customer, source FROM orders").fetchone() == (
        job.pseudonym,
        f"Gift of a {job.pseudonym}",
    )
    edited = conn.execute(
        "SELECT old_values, new_values FROM order_events WHERE type = 'edited' ORDER BY id"
    ).fetchall()
    assert edited == [
        ({"customer": job.pseudonym}, {"customer": "Someone else"}),
        ({"customer": "Someone else"}, {"customer": job.pseudonym}),
    ]
