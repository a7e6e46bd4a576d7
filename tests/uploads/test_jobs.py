"""The jobs of uploads: what they place, record and report, and how they end."""

from __future__ import annotations

import psycopg
import pytest
import redis

from webapp.order_import.placement import IMPORT_LOCK
from webapp.uploads import jobs, retention, store
from webapp.uploads.upload import MAX_ATTEMPTS
from webapp.uploads.worker import ImportWorker

from ..support.uploads import BAD, GOOD, Uploads, csv, many
from ..support.wait import eventually
from ..support.world import Service, World


def test_a_check_places_nothing_and_reports_what_an_import_would_do(uploads: Uploads) -> None:
    upload = uploads.run(uploads.add(csv(*GOOD, BAD)), is_dry_run=True)
    assert (upload.state, upload.is_checked, upload.is_imported) == ("done", True, False)
    assert upload.result is not None
    found = {name: upload.result[name] for name in ("rows", "orders", "placed", "rejected_orders", "rejected_rows")}
    assert found == {"rows": 4, "orders": 4, "placed": 3, "rejected_orders": 1, "rejected_rows": 1}
    assert upload.result["first"][0]["line"] == 5
    assert uploads.orders() == []
    assert upload.imported_at is None


def test_an_import_places_the_valid_orders_and_keeps_a_report_of_the_others(uploads: Uploads) -> None:
    upload = uploads.run(uploads.add(csv(*GOOD, BAD, '=HYPERLINK("x"),Hotel,2026-11-02,a,')))
    assert upload.is_imported
    assert upload.imported_at is not None
    assert uploads.orders() == ["A-1", "A-2", "A-3"]
    report = uploads.report(upload).decode()
    assert len(report.encode()) == upload.report_bytes
    assert "rejected_line,rejected_number,rejected_reason,number" in report
    assert "'yesterday' is not a date" in report
    assert "'=HYPERLINK" in report, "formulas are escaped"


def test_the_report_can_be_corrected_and_imported(uploads: Uploads) -> None:
    report = uploads.report(uploads.run(uploads.add(csv(*GOOD, BAD)))).replace(b",yesterday,", b",2026-11-05,")
    again = uploads.run(uploads.add(report))
    assert again.result is not None
    assert (again.result["placed"], again.report_bytes) == (1, 0)
    assert uploads.orders() == ["A-1", "A-2", "A-3", "A-4"]


def test_a_second_import_of_a_file_changes_nothing(uploads: Uploads) -> None:
    upload = uploads.add()
    uploads.run(upload)
    again = uploads.run(upload)
    assert again.result is not None
    assert (again.result["placed"], again.result["unchanged"]) == (0, 3)


def test_a_refused_file_has_the_whole_reason_with_its_name(uploads: Uploads) -> None:
    content = csv(*GOOD, 'A-5,"Hotel,2026-11-02,1.00,')
    upload = uploads.run(uploads.add(content, name="my orders.csv"))
    assert upload.state == "refused"
    assert upload.problem is not None
    assert upload.problem.startswith("my orders.csv line 5: ")
    assert "A quote there is probably not closed" in upload.problem
    assert uploads.orders() == []


def test_options_and_columns_are_those_of_the_upload(uploads: Uploads) -> None:
    content = "Nr;Wer;Wann;Betrag\nA-1;Hotel Süd;2026-11-02;1.234,50\n".encode("cp1252")
    mapped = {"number": "Nr", "customer": "Wer", "placed_at": "Wann", "total": "Betrag"}
    upload = uploads.run(
        uploads.add(content, mapped=mapped, decimal="comma", encoding="cp1252", zone="America/New_York")
    )
    assert upload.problem is None
    rows = uploads.conn.execute("SELECT number, customer, total_minor FROM orders").fetchall()
    assert rows == [("A-1", "Hotel Süd", 123450)]


def test_of_two_clicks_one_begins_a_job(uploads: Uploads) -> None:
    upload = uploads.add()
    assert jobs.enqueue(uploads.conn, upload, is_dry_run=False)
    assert not jobs.enqueue(uploads.conn, upload, is_dry_run=False), "the job waits"
    uploads.worker.run()
    assert not jobs.enqueue(uploads.conn, upload, is_dry_run=False), "a late click on the old page"
    assert jobs.enqueue(uploads.conn, uploads.find(upload.id), is_dry_run=False)


def test_a_waiting_job_is_cancelled_at_once(uploads: Uploads) -> None:
    upload = uploads.queue(uploads.add())
    assert jobs.cancel(uploads.conn, upload)
    assert uploads.find(upload.id).state == "cancelled"
    assert uploads.worker.run() == 0
    assert uploads.orders() == []
    assert not jobs.cancel(uploads.conn, upload)


def test_a_running_import_is_cancelled_and_nothing_is_placed(uploads: Uploads, conn: psycopg.Connection) -> None:
    upload = uploads.queue(uploads.add())
    lock = IMPORT_LOCK + uploads.tenant
    conn.execute("SELECT pg_advisory_lock(%s)", [lock])
    with uploads.in_thread():
        eventually(lambda: uploads.find(upload.id).phase == "waiting")
        assert jobs.cancel(conn, upload)
        eventually(lambda: uploads.find(upload.id).state == "cancelled")
    conn.execute("SELECT pg_advisory_unlock(%s)", [lock])
    assert uploads.orders() == []


def test_a_worker_that_is_asked_to_stop_gives_its_job_back(uploads: Uploads, conn: psycopg.Connection) -> None:
    upload = uploads.queue(uploads.add())
    lock = IMPORT_LOCK + uploads.tenant
    conn.execute("SELECT pg_advisory_lock(%s)", [lock])
    with uploads.in_thread():
        eventually(lambda: uploads.find(upload.id).phase == "waiting")
        uploads.worker.stop()
    conn.execute("SELECT pg_advisory_unlock(%s)", [lock])
    found = uploads.find(upload.id)
    assert (found.state, found.attempts) == ("queued", 0)
    assert ImportWorker(uploads.service.database_url, uploads.client).run() == 1
    assert uploads.find(upload.id).is_imported


def test_a_worker_whose_lease_was_taken_places_nothing(uploads: Uploads, conn: psycopg.Connection) -> None:
    upload = uploads.queue(uploads.add())
    lock = IMPORT_LOCK + uploads.tenant
    conn.execute("SELECT pg_advisory_lock(%s)", [lock])
    with uploads.in_thread():
        eventually(lambda: uploads.find(upload.id).phase == "waiting")
        conn.execute("UPDATE uploads SET fence = fence + 1")
        conn.execute("SELECT pg_advisory_unlock(%s)", [lock])
    assert uploads.orders() == []
    assert uploads.find(upload.id).state == "running", "it is the other worker's"


def test_an_import_that_was_placed_without_its_report_is_only_reported(uploads: Uploads) -> None:
    upload = uploads.run(uploads.add(csv(*GOOD, BAD)))
    first = upload.result
    uploads.conn.execute("DELETE FROM upload_chunks WHERE kind = 'report'")
    uploads.conn.execute("UPDATE uploads SET state = 'running', lease_until = now() - interval '1 s', report_bytes = 0")
    uploads.worker.run()
    again = uploads.find(upload.id)
    assert again.is_imported
    assert again.result is not None
    assert first is not None
    assert again.result["placed"] == first["placed"] == 3
    assert again.report_bytes == upload.report_bytes > 0


def test_a_job_that_ends_its_worker_three_times_has_failed(uploads: Uploads) -> None:
    upload = uploads.queue(uploads.add())
    for attempt in range(1, MAX_ATTEMPTS + 1):
        claimed = jobs.claim(uploads.conn)
        assert claimed is not None
        assert claimed.attempts == attempt
        assert jobs.claim(uploads.conn) is None, "it is held"
        uploads.conn.execute("UPDATE uploads SET lease_until = now() - interval '1 s'")
        assert uploads.find(upload.id).was_interrupted
    uploads.worker.run()
    found = uploads.find(upload.id)
    assert (found.state, found.problem) == ("failed", jobs.STOPPED)


def test_a_job_with_an_error_is_tried_three_times_and_fails_with_its_reason(uploads: Uploads) -> None:
    upload = uploads.add()
    uploads.conn.execute("ALTER TABLE order_events RENAME TO order_events_away")
    uploads.queue(upload)
    for _ in range(MAX_ATTEMPTS):
        assert uploads.find(upload.id).state == "queued"
        uploads.conn.execute("UPDATE uploads SET queued_at = now()")
        assert uploads.worker.run() == 1
    found = uploads.find(upload.id)
    assert found.state == "failed"
    assert "order_events" in (found.problem or "")
    assert uploads.orders() == []


def test_jobs_of_one_tenant_run_one_after_the_other_and_of_two_side_by_side(
    uploads: Uploads, service: Service, world: World, redis_client: redis.Redis, conn: psycopg.Connection
) -> None:
    other = Uploads(service, conn, redis_client, world.tenant("globex"))
    for each in (uploads, uploads, other):
        each.queue(each.add())
    first, second = jobs.claim(conn), jobs.claim(conn)
    assert first is not None
    assert second is not None
    assert (first.tenant_id, second.tenant_id) == (uploads.tenant, other.tenant)
    assert jobs.claim(conn) is None


def test_uploads_of_another_tenant_are_not_found(uploads: Uploads, world: World) -> None:
    upload, stranger = uploads.add(), world.tenant("globex")
    assert store.find(uploads.conn, stranger, upload.id) is None
    assert store.newest(uploads.conn, stranger) == []


def test_the_oldest_upload_without_a_job_makes_room(uploads: Uploads) -> None:
    first, second = uploads.queue(uploads.add()), uploads.add()
    others = [uploads.add() for _ in range(store.MAX_UPLOADS - 2)]
    newest = uploads.add()
    kept = {upload.id for upload in store.newest(uploads.conn, uploads.tenant)}
    assert kept == {first.id, newest.id, *(other.id for other in others)}
    assert second.id not in kept
    for upload in (newest, *others):
        uploads.queue(upload)
    with pytest.raises(store.TooManyUploads):
        store.create(uploads.conn, uploads.tenant, "x.csv", "Mia")


def test_old_uploads_are_deleted_with_their_chunks(uploads: Uploads) -> None:
    old, kept, waiting = uploads.add(), uploads.add(), uploads.queue(uploads.add())
    age = "now() - interval '3 days 1 hour'"
    uploads.conn.execute(f"UPDATE uploads SET changed_at = {age} WHERE id IN ({old.id}, {waiting.id})")
    lost = store.create(uploads.conn, uploads.tenant, "lost.csv", "Mia")
    uploads.conn.execute(f"UPDATE uploads SET created_at = {age} WHERE id = {lost.id}")
    assert retention.delete_old(uploads.service.database_url, 4) == 1, "of the one that never arrived"
    assert retention.delete_old(uploads.service.database_url, 3) == 1
    assert {upload.id for upload in store.newest(uploads.conn, uploads.tenant)} == {kept.id, waiting.id}
    chunks = uploads.conn.execute("SELECT DISTINCT upload_id FROM upload_chunks ORDER BY 1").fetchall()
    assert chunks == [(kept.id,), (waiting.id,)]


def test_a_large_file_is_kept_in_chunks_and_imported_whole(uploads: Uploads) -> None:
    content = many(20_000)
    upload = uploads.add(content)
    count = uploads.conn.execute("SELECT count(*) FROM upload_chunks").fetchone()
    assert count is not None
    assert count[0] == -(-len(content) // store.CHUNK_BYTES) > 2
    found = uploads.run(upload)
    assert found.result is not None
    assert found.result["placed"] == 20_000


@pytest.mark.parametrize(
    ("given", "kept"),
    [("C:\\orders\\May.csv", "May.csv"), ("../../etc/passwd", "passwd"), ("a\nb.csv", "a_b.csv"), ("", "orders.csv")],
)
def test_only_the_name_of_a_file_is_kept(given: str, kept: str) -> None:
    assert store.shortened(given) == kept
    long = store.shortened("x" * 400 + ".csv")
    assert len(long) <= 255
    assert long.endswith("x.csv")
