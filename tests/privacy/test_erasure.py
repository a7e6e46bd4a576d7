"""Erasures that are interrupted, or meet other writers, and what they leave as it is."""

from __future__ import annotations

import psycopg
import pytest
import redis

from webapp.postgres import session
from webapp.privacy import jobs, subjects
from webapp.privacy.erasure import AfterPage, Erasure
from webapp.privacy.names import Names
from webapp.rollups import refresh

from ..support.privacy import Privacy, places
from ..support.signals import signalled
from ..support.uploads import Uploads, csv
from ..support.world import Service, World
from .conftest import ERIKA

FIGURES = "SELECT day, owner_id, orders, paid_orders, revenue_minor FROM rollups_daily ORDER BY 1, 2"


@pytest.mark.parametrize(
    ("name", "text", "clean"),
    [
        ("Erika Mustermann", "for ERIKA  mustermanns order", "for Xs order"),
        ("Müller", "Muller, MÜLLERIN and Schmüller", "X, MÜLLERIN and Schmüller"),
        ("Ana", "Ana, Banana and Anab", "X, Banana and Anab"),
        ("Groß & Söhne", "GROSS & Sohne", "X"),
        ("ana@example.com", "diana@example.com, Ana@Example.com.", "diana@example.com, X."),
        ("Ирина Ёлкина", "ирина елкина", "X"),
    ],
)
def test_a_name_is_found_without_case_accents_and_spaces(name: str, text: str, clean: str) -> None:
    assert Names.of([name], "X").replaced(text) == clean


def test_orders_keep_amounts_and_figures_and_no_user_is_notified(
    world: World,
    service: Service,
    conn: psycopg.Connection,
    tenant: int,
    ana: int,
    privacy: Privacy,
    redis_client: redis.Redis,
) -> None:
    for minor in (100, 200):
        world.order(tenant, minor, customer=ERIKA, owner_id=ana, paid_at="now")
    other = world.order(tenant, 300, customer=f"{ERIKA} GmbH", owner_id=ana)
    refresh.refresh(service.database_url)
    before = (
        conn.execute(FIGURES).fetchall(),
        len(world.events()),
        conn.execute("SELECT count(*) FROM notifications").fetchall(),
    )
    assert len(before[0]) == 1

    job = privacy.customer(ERIKA.upper())
    assert signalled(redis_client, tenant) == {1, 2}, "boards refetch the names"

    refresh.rebuild(service.database_url)
    after = (
        conn.execute(FIGURES).fetchall(),
        len(world.events()),
        conn.execute("SELECT count(*) FROM notifications").fetchall(),
    )
    assert after == before
    rows = conn.execute("SELECT customer, total_minor FROM orders ORDER BY id").fetchall()
    assert rows == [(job.pseudonym, 100), (job.pseudonym, 200), (f"{ERIKA} GmbH", 300)], (
        "another customer has a longer name"
    )
    assert other


def test_an_interrupted_erasure_goes_on_where_it_stopped(
    world: World, service: Service, conn: psycopg.Connection, tenant: int, privacy: Privacy
) -> None:
    world.order(tenant, customer=ERIKA)
    job = privacy.request(subjects.customer(conn, tenant, ERIKA))
    with session.connect(service.database_url, "doorbell privacy", autocommit=True) as first:
        claimed = jobs.claim(first)
        assert claimed is not None
        erasure = Erasure(first, claimed)
        for _ in range(5):
            assert erasure.page() is AfterPage.MORE
        assert privacy.worker.run() == 0, "the lease is the first worker's"
        conn.execute("UPDATE privacy_jobs SET lease_until = now()")
        privacy.worker.run()
        with pytest.raises(jobs.TaskLost):
            erasure.page()
    assert privacy.find(job.id).state == "done"
    assert places(conn, ERIKA) == set()


def test_an_erasure_waits_for_transactions_that_are_older_than_its_request(
    world: World, service: Service, conn: psycopg.Connection, tenant: int, privacy: Privacy
) -> None:
    world.order(tenant, customer=ERIKA)
    with psycopg.connect(service.database_url) as slow:
        slow.execute(
            "INSERT INTO orders (tenant_id, number, customer, currency, total_minor) VALUES (%s, 'S1', %s, 'EUR', 1)",
            [tenant, ERIKA],
        )
        job = privacy.customer(ERIKA)
        assert job.state == "queued"
        slow.commit()
    assert places(conn, ERIKA) >= {"orders.customer"}
    conn.execute("UPDATE privacy_jobs SET due_at = now()")
    privacy.worker.run()
    assert privacy.find(job.id).state == "done"
    assert places(conn, ERIKA) == set()


def test_a_name_that_is_written_again_during_the_erasure_is_erased_too(
    world: World, service: Service, conn: psycopg.Connection, tenant: int, privacy: Privacy
) -> None:
    order = world.order(tenant, customer=ERIKA)
    job = privacy.request(subjects.customer(conn, tenant, ERIKA))
    with session.connect(service.database_url, "doorbell privacy", autocommit=True) as own:
        claimed = jobs.claim(own)
        assert claimed is not None
        erasure = Erasure(own, claimed)
        while erasure.position["step"] != "check":
            assert erasure.page() is AfterPage.MORE
        world.change(order, customer=ERIKA.lower())
        assert erasure.page() is AfterPage.MORE, "the search at the end has found it"
        assert erasure.position["round"] == 2
        while erasure.page() is AfterPage.MORE:
            pass
    assert privacy.find(job.id).state == "done"
    assert places(conn, ERIKA) == set()


def test_a_locked_row_delays_the_erasure_and_leaves_no_half_page(
    world: World, service: Service, conn: psycopg.Connection, tenant: int, privacy: Privacy
) -> None:
    first, second = world.order(tenant, customer=ERIKA), world.order(tenant, customer=ERIKA)
    with psycopg.connect(service.database_url) as holder:
        holder.execute("SELECT FROM orders WHERE id = %s FOR UPDATE", [second])
        job = privacy.customer(ERIKA)
        assert (job.state, job.attempts) == ("queued", 1)
        assert "lock" in str(job.problem)
        assert ERIKA not in str(job.problem)
        assert conn.execute("SELECT customer FROM orders WHERE id = %s", [first]).fetchone() == (ERIKA,)
    conn.execute("UPDATE privacy_jobs SET due_at = now()")
    privacy.worker.run()
    assert privacy.find(job.id).state == "done"


def test_a_second_request_for_the_same_customer_is_the_same_erasure(
    conn: psycopg.Connection, tenant: int, privacy: Privacy
) -> None:
    job = privacy.request(subjects.customer(conn, tenant, ERIKA))
    assert privacy.request(subjects.customer(conn, tenant, ERIKA.upper())).id == job.id
    privacy.worker.run()
    assert privacy.request(subjects.customer(conn, tenant, ERIKA)).id != job.id


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "utf-16"])
def test_imported_files_with_the_name_are_removed_in_each_encoding(
    privacy: Privacy, uploads: Uploads, encoding: str
) -> None:
    kept = uploads.add(csv(), name="kept.csv")
    content = csv(f"A-1,{ERIKA},2026-11-02,1.00,").decode().encode(encoding)
    removed = uploads.add(content, name="orders.csv")
    privacy.customer(ERIKA)
    left = uploads.conn.execute("SELECT id FROM uploads").fetchall()
    assert left == [(kept.id,)], removed


def test_a_workbook_with_the_name_is_removed(privacy: Privacy, uploads: Uploads) -> None:
    from io import BytesIO

    from openpyxl import Workbook

    book, file = Workbook(), BytesIO()
    book.active.append(["number", "customer"])  # type: ignore[union-attr]
    book.active.append(["A-1", ERIKA.replace("O'Brien", "O'Brien & Co")])  # type: ignore[union-attr]
    book.save(file)
    uploads.add(file.getvalue(), name="orders.xlsx")
    privacy.customer(ERIKA)
    assert uploads.conn.execute("SELECT count(*) FROM uploads").fetchone() == (0,)


def test_a_running_import_of_the_name_is_cancelled_first(privacy: Privacy, uploads: Uploads) -> None:
    upload = uploads.queue(uploads.add(csv(f"A-1,{ERIKA},2026-11-02,1.00,")))
    job = privacy.customer(ERIKA)
    assert (job.state, uploads.find(upload.id).state) == ("queued", "cancelled")
    uploads.conn.execute("UPDATE privacy_jobs SET due_at = now()")
    privacy.worker.run()
    assert privacy.find(job.id).state == "done"
    assert uploads.conn.execute("SELECT count(*) FROM uploads").fetchone() == (0,)
