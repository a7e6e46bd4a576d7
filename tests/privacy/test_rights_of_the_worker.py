"""The worker's role erases and deletes what was requested, and nothing without a request."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import psycopg
import pytest

from webapp.audit.kinds import Kind
from webapp.audit.recording import record
from webapp.privacy import deletion, jobs, retention, subjects
from webapp.privacy.requests import erase_user

from ..support.privacy import Privacy
from ..support.process_urls import ProcessUrls
from ..support.world import World
from .conftest import ERIKA

DENIED = psycopg.errors.InsufficientPrivilege
OLD = "2020-01-02 10:00+00"
PLACE = "tableoid::bigint::oid::regclass, ctid, xmin"
CHANGES = [
    "UPDATE audit_log SET subject = NULL",
    "DELETE FROM audit_log",
    "UPDATE order_events SET new_values = '{}'",
    "DELETE FROM order_events",
    "UPDATE users SET disabled_at = now()",
    "DELETE FROM tenants",
    "UPDATE tenants SET deletion_at = now()",
    "UPDATE tenants SET orders_keep_months = 3",
    "UPDATE order_comments SET written = 'x'",
    "INSERT INTO privacy_jobs (tenant_id, kind, pseudonym) VALUES (1, 'tenant', '')",
    "UPDATE privacy_jobs SET tenant_id = 2",
    "UPDATE privacy_jobs SET pattern = '.', names = '{x}'",
    "DELETE FROM privacy_jobs",
    "SELECT audit_log_erase_person(1, 1, '{}')",
    "SELECT audit_log_erase_tenant(1)",
    "SELECT privacy_request(1, '{tenant}')",
    "SELECT secret FROM authenticator_apps",
    "SELECT public_key FROM passkeys",
    "SELECT client_secret FROM sso_connections",
    "SELECT token_hash FROM invitations",
    "SELECT password_hash FROM users",
]
CALLS = [
    f'SELECT privacy_replace(%(job)s, {PLACE}, \'{{"customer": "x"}}\') FROM orders',
    "SELECT privacy_erase_user_rows(%(job)s, 10, '')",
    "SELECT privacy_erase_entries(%(job)s, ARRAY(SELECT id FROM audit_log))",
    "SELECT privacy_close_tenant(%(job)s)",
    "SELECT privacy_delete_page(%(job)s, 'orders', 0, 1000)",
    "SELECT privacy_delete_tenant(%(job)s)",
]


@pytest.fixture
def worker(process_urls: ProcessUrls) -> Iterator[psycopg.Connection]:
    """A connection with the role doorbell_worker."""
    with psycopg.connect(process_urls.worker, autocommit=True) as conn:
        yield conn


def begun(conn: psycopg.Connection, job: jobs.PrivacyTask) -> dict[str, int]:
    conn.execute("UPDATE privacy_jobs SET state = 'running' WHERE id = %s", [job.id])
    return {"job": job.id}


def test_the_role_has_no_right_of_its_own_to_change_what_was_not_requested(worker: psycopg.Connection) -> None:
    permitted = []
    for statement in CHANGES:
        with contextlib.suppress(DENIED):
            worker.execute(statement.encode())
            permitted.append(statement)
    assert permitted == []


@pytest.mark.parametrize("statement", CALLS)
def test_each_function_refuses_without_a_request_of_its_kind(
    world: World, conn: psycopg.Connection, tenant: int, ana: int, worker: psycopg.Connection, statement: str
) -> None:
    world.order(tenant, customer=ERIKA, owner_id=ana)
    record(conn, Kind.PRIVACY_ERASURE, tenant_id=tenant, subject=ERIKA)
    with pytest.raises(DENIED, match="no running request"):
        worker.execute(statement.encode(), {"job": 7})
    # The tenant's deletion is not due. An admin can still undo it, whatever the worker writes into the job.
    values = begun(conn, deletion.schedule(conn, tenant, None))
    worker.execute("UPDATE privacy_jobs SET due_at = '2020-01-01'")
    with pytest.raises(DENIED, match="no running request"):
        worker.execute(statement.encode(), values)
    erasure = jobs.request(conn, subjects.customer(conn, tenant, ERIKA), "Erased customer X", None)[0]
    worker.execute("UPDATE privacy_jobs SET state = 'done' WHERE id = %s", [erasure.id])
    with pytest.raises(DENIED, match="no running request"):
        worker.execute(statement.encode(), {"job": erasure.id})


def test_an_erasure_replaces_the_name_in_texts_of_its_tenant_only(
    world: World, conn: psycopg.Connection, tenant: int, worker: psycopg.Connection
) -> None:
    of = {"mine": tenant, "other": world.tenant("other")}
    for slug, owner in of.items():
        world.order(owner, customer=ERIKA, number=slug)
        world.order(owner, customer="Guest", number=f"guest of {slug}")
        record(conn, Kind.IMPORT_UPLOADED, tenant_id=owner, subject=f"{ERIKA}.csv")
    job = jobs.request(conn, subjects.customer(conn, tenant, ERIKA), "Erased customer X", None)[0]
    values = begun(conn, job)

    def replaced(number: str, document: str) -> object:
        statement = f"SELECT privacy_replace(%(job)s, {PLACE}, %(new)s) FROM orders WHERE number = %(number)s"
        row = worker.execute(statement.encode(), values | {"new": document, "number": number}).fetchone()
        return row and row[0]

    clean = '{"customer": "Erased customer X"}'
    assert not replaced("guest of mine", clean), "another customer's name"
    assert not replaced("other", clean), "another tenant's row"
    assert not replaced("mine", '{"customer": "Someone else"}'), "not the pseudonym"
    for document in ('{"total_minor": 1}', '{"owner_id": null, "customer": "Erased customer X"}', "{}"):
        with pytest.raises(DENIED, match="an erasure changes texts"):
            replaced("mine", document)
    assert replaced("mine", clean) is True
    with worker.transaction():
        record(worker, Kind.PRIVACY_ERASURE, tenant_id=tenant)
        worker.execute("SELECT privacy_erase_entries(%(job)s, ARRAY(SELECT id FROM audit_log))", values)
    with pytest.raises(DENIED, match="no rows that a request"):
        worker.execute(f"SELECT privacy_replace(%(job)s, {PLACE}, '{{}}') FROM audit_log".encode(), values)
    found = conn.execute("SELECT subject FROM audit_log WHERE kind = 'import_uploaded' ORDER BY id").fetchall()
    assert found == [(None,), (f"{ERIKA}.csv",)]
    assert conn.execute("SELECT customer FROM orders ORDER BY id").fetchall() == [
        ("Erased customer X",),
        ("Guest",),
        (ERIKA,),
        ("Guest",),
    ]


def test_the_audit_log_refuses_an_erasure_without_an_entry_of_it(
    conn: psycopg.Connection, tenant: int, ana: int, worker: psycopg.Connection
) -> None:
    record(conn, Kind.IMPORT_UPLOADED, tenant_id=tenant, actor_id=ana, subject="orders of Ana Silva.csv")
    subject = subjects.user(conn, tenant, ana)
    assert subject is not None
    values = begun(conn, erase_user(conn, subject, None))
    for call in ("privacy_erase_entries(%(job)s, ARRAY(SELECT id FROM audit_log))", "privacy_finish(%(job)s, 0)"):
        with pytest.raises(DENIED, match="an erasure needs an entry"):
            worker.execute(f"SELECT {call}".encode(), values)


def test_old_orders_are_removed_by_the_rule_of_their_tenant_only(
    world: World, conn: psycopg.Connection, tenant: int, process_urls: ProcessUrls, worker: psycopg.Connection
) -> None:
    old = world.order(tenant, placed_at=OLD, paid_at=OLD, shipped_at=OLD)
    new = world.order(tenant)
    other = world.order(world.tenant("other"), placed_at=OLD, paid_at=OLD, shipped_at=OLD)

    def refused(*ids: int) -> None:
        with pytest.raises(DENIED, match="does not remove all of these orders"):
            worker.execute("SELECT privacy_remove_orders(%s, %s)", [tenant, list(ids)])

    assert retention.remove_old(process_urls.worker) == 0
    refused(old)
    conn.execute("UPDATE tenants SET orders_keep_months = 3 WHERE id = %s", [tenant])
    refused(new)
    refused(old, other)
    assert retention.remove_old(process_urls.worker) == 1
    left = conn.execute("SELECT id FROM orders ORDER BY id").fetchall()
    assert left == [(new,), (other,)]
    assert conn.execute("SELECT DISTINCT order_id FROM order_events ORDER BY 1").fetchall() == left


def test_a_tenant_is_deleted_when_its_time_has_come(
    conn: psycopg.Connection, tenant: int, ana: int, privacy: Privacy, world: World
) -> None:
    world.order(tenant, owner_id=ana)
    other = world.tenant("other")
    deletion.schedule(conn, tenant, None)
    conn.execute("UPDATE privacy_jobs SET due_at = now()")
    conn.execute("UPDATE tenants SET deletion_at = now() WHERE id = %s", [tenant])
    assert privacy.worker.run() == 1
    assert conn.execute("SELECT id FROM tenants").fetchall() == [(other,)]
