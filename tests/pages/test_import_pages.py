"""The pages of imports: upload, preview, options, jobs and reports, for managers of the tenant only."""

from __future__ import annotations

from io import BytesIO

import pytest
from flask import Flask

from ..support.browser import Person, fields, soup
from ..support.relay_pages import seen
from ..support.uploads import BAD, GOOD, Uploads, begin, csv, options, send
from ..support.world import World

pytestmark = pytest.mark.web_role

ACTIONS = ("options", "checks", "imports", "cancellation", "removal")


def test_a_manager_uploads_checks_and_imports_a_file(mia: Person, uploads: Uploads) -> None:
    assert "No uploads yet" in seen(mia, "/orders/import")
    upload = send(mia, csv(*GOOD, BAD), "May orders.csv")
    page = seen(mia, f"/orders/import/{upload}")
    assert "May orders.csv ready" in page
    assert "5 columns · UTF-8, commas" in page
    assert "A-1 Hotel Adler 2 Nov 2026, 00:00:00 paid 0 items €129.00" in page
    assert "A-2 Café Söhne 2 Nov 2026, 14:30:00 placed" in page
    assert "A-4 Rejected: placed_at 'yesterday' is not a date" in page
    assert "Import 3 orders…" in page
    begin(mia, upload, "checks")
    assert "Waiting for a worker." in seen(mia, f"/orders/import/{upload}")
    uploads.worker.run()
    page = seen(mia, f"/orders/import/{upload}")
    assert "3 orders can be placed. Nothing was placed yet." in page
    assert "Rejected 1 order 1 row" in page
    assert "line 5, order A-4 placed_at 'yesterday' is not a date" in page
    assert uploads.orders() == []
    mia.send(mia.page(f"/orders/import/{upload}"), f"/orders/import/{upload}/imports")
    uploads.worker.run()
    page = seen(mia, f"/orders/import/{upload}")
    assert "3 orders placed. See the orders" in page
    assert uploads.orders() == ["A-1", "A-2", "A-3"]
    assert "May orders.csv imported 3 orders placed, 1 rejected." in seen(mia, "/orders/import")


def test_the_report_is_a_file_named_after_the_upload(mia: Person, uploads: Uploads) -> None:
    upload = uploads.run(uploads.add(csv(*GOOD, BAD), name='Bücher "Mai".csv'))
    answer = mia.get(f"/orders/import/{upload.id}/report")
    assert answer.mimetype == "text/csv"
    assert answer.content_length == upload.report_bytes == len(answer.data)
    assert answer.headers["Content-Disposition"].endswith("filename*=UTF-8''B%C3%BCcher%20%22Mai%22.rejected.csv")
    assert b"rejected_reason" in answer.data
    assert mia.get(f"/orders/import/{uploads.run(uploads.add()).id}/report").status_code == 404


def test_columns_and_options_are_chosen_and_the_preview_follows(mia: Person, uploads: Uploads) -> None:
    content = "Nr;Wer;Wann;Betrag\nA-1;Hotel Süd;2026-11-02;1.234,50\n".encode("cp1252")
    upload = send(mia, content)
    page = seen(mia, f"/orders/import/{upload}")
    assert "4 columns · Windows-1252, semicolons" in page
    assert "No column was found for number, customer, placed_at" in page
    assert "Choose the column of “Order number” below." in page
    chosen = {"column-number": "0", "column-customer": "1", "column-placed_at": "2", "column-total": "3"}
    begin(mia, upload, "options", **chosen)
    assert "A-1 Hotel Süd 2 Nov 2026, 00:00:00 placed 0 items €1,234.50" in seen(mia, f"/orders/import/{upload}")
    sample = mia.page(f"/orders/import/{upload}").select_one("#sample-customer")
    assert sample is not None
    assert sample.text == "Hotel Süd"
    begin(mia, upload, "options", **{"option-decimal": "point"})
    page = seen(mia, f"/orders/import/{upload}")
    assert "A-1 Rejected: Betrag '1.234,50' is not a number" in page
    assert "use “Decimal mark: 12,50”" in page
    begin(mia, upload, "options", **{"option-decimal": "", "option-encoding": "utf-8"})
    page = seen(mia, f"/orders/import/{upload}")
    assert "(byte 0xFC)" in page
    assert "“Encoding” " in page or "“Encoding: " in page
    assert "--" not in page
    begin(mia, upload, "options", **{"option-encoding": "auto", "column-customer": "auto"})
    assert options(mia, upload)["column-number"] == "0"
    assert "No column was found for customer" in seen(mia, f"/orders/import/{upload}")


def test_a_change_arrives_with_the_click_on_import(mia: Person, uploads: Uploads) -> None:
    upload = send(mia, csv("A-1,Hotel,2026-11-02,12.50,Nora", header="number,customer,placed_at,total,owner"))
    assert "owner 'Nora' is not a user of acme" in seen(mia, f"/orders/import/{upload}")
    begin(mia, upload, "imports", **{"option-owners": "ignore"})
    uploads.worker.run()
    assert uploads.orders() == ["A-1"]


def test_htmx_gets_only_the_options_and_the_preview(mia: Person, uploads: Uploads) -> None:
    upload = send(mia)
    data = options(mia, upload) | {"option-decimal": "comma"}
    answer = mia.client.post(f"/orders/import/{upload}/options", data=data, headers={"HX-Request": "true"})
    assert answer.status_code == 200
    part = soup(answer)
    assert part.select_one("html") is None
    form = part.select_one("#import-options")
    assert form is not None
    assert fields(form)["option-decimal"] == "comma"
    assert int(fields(form)["version"]) > int(data["version"])


def test_an_order_that_is_on_the_board_is_marked(mia: Person, uploads: Uploads, world: World, tenant: int) -> None:
    world.order(tenant, number="A-1")
    page = seen(mia, f"/orders/import/{send(mia)}")
    assert "paid on the board 0 items €129.00" in page
    assert "Import 2 orders…" in page


def test_two_clicks_begin_one_job_and_options_wait_for_its_end(mia: Person, uploads: Uploads) -> None:
    upload = send(mia)
    data = options(mia, upload)
    versions = []
    for _ in range(2):
        assert mia.client.post(f"/orders/import/{upload}/imports", data=data).status_code == 303
        versions.append(uploads.find(upload).version)
    assert versions[0] == versions[1] > int(data["version"])
    answer = mia.client.post(f"/orders/import/{upload}/options", data=data | {"option-decimal": "comma"})
    assert answer.status_code == 409
    assert uploads.find(upload).options.get("decimal") != "comma"
    assert uploads.worker.run() == 1
    assert mia.client.post(f"/orders/import/{upload}/imports", data=data).status_code == 303
    assert uploads.worker.run() == 0, "a late click on the old page begins no job"


def test_a_waiting_job_can_be_cancelled(mia: Person, uploads: Uploads) -> None:
    upload = send(mia)
    begin(mia, upload, "imports")
    mia.send(mia.page(f"/orders/import/{upload}"), f"/orders/import/{upload}/cancellation")
    assert "The import was cancelled. Nothing was placed." in seen(mia, f"/orders/import/{upload}")
    assert uploads.worker.run() == 0
    mia.post(f"/orders/import/{upload}/cancellation")
    assert "It was too late to cancel" in seen(mia, f"/orders/import/{upload}")


def test_each_state_is_shown_in_words(mia: Person, uploads: Uploads) -> None:
    upload = uploads.queue(uploads.add())

    def state(**columns: object) -> str:
        sets = ", ".join(f"{name} = {value}" for name, value in columns.items())
        uploads.conn.execute(f"UPDATE uploads SET {sets}")
        return seen(mia, f"/orders/import/{upload.id}")

    running = {"state": "'running'", "lease_until": "now() + interval '1 min'", "attempts": 1}
    page = state(**running, phase="'reading'", done_bytes="size_bytes / 2")
    assert "importing" in page
    assert "Read 90 bytes of 180 bytes. 35%" in page
    assert "Placing 3 orders. 80%" in state(phase="'placing'", orders_to_place=3)
    assert "Another import is placing its orders. This one is next." in state(phase="'waiting'")
    page = state(attempts=2, phase="'reading'", done_bytes=0)
    assert "Starting again after an interruption (attempt 2 of 3)." in page
    assert "The import was interrupted. Nothing was lost" in state(lease_until="now() - interval '1 s'")
    assert "Cancelling the import." in state(is_cancel_requested="true")
    page = state(state="'failed'", problem="'PostgreSQL: no space left on device'")
    assert "The import failed. It was tried 3 times. PostgreSQL: no space left on device" in page
    assert "The file was refused. orders.csv is a PDF" in state(state="'refused'", problem="'orders.csv is a PDF'")


def test_a_file_that_is_not_csv_is_named_for_what_it_is(mia: Person, uploads: Uploads) -> None:
    page = seen(mia, f"/orders/import/{send(mia, b'%PDF-1.7 ...', 'May.pdf')}")
    assert "The file cannot be imported like this. May.pdf is a PDF: export the orders as CSV instead." in page
    assert "Check the whole file" not in page


def test_an_upload_is_deleted_and_its_orders_stay(mia: Person, uploads: Uploads) -> None:
    upload = uploads.run(uploads.add())
    mia.send(mia.page(f"/orders/import/{upload.id}"), f"/orders/import/{upload.id}/removal")
    assert "Deleted orders.csv. Imported orders stay." in seen(mia, "/orders/import")
    assert len(uploads.orders()) == 3
    assert mia.get(f"/orders/import/{upload.id}").status_code == 404
    assert "This upload was deleted" in mia.get(f"/panels/uploads/{upload.id}").text


def test_an_upload_with_a_job_cannot_be_deleted(mia: Person, uploads: Uploads) -> None:
    upload = uploads.queue(uploads.add())
    mia.post(f"/orders/import/{upload.id}/removal")
    assert "Cancel that first" in seen(mia, f"/orders/import/{upload.id}")


def test_salespeople_see_no_link_and_no_page(mia: Person, ana: Person, uploads: Uploads) -> None:
    upload = uploads.add()
    assert mia.page("/orders").select_one('a[href="/orders/import"]') is not None
    assert ana.page("/orders").select_one('a[href="/orders/import"]') is None
    assert mia.page("/").select_one('#recent_orders a[href="/orders/import"]') is not None
    assert ana.page("/").select_one('#recent_orders a[href="/orders/import"]') is None
    part = f"/panels/uploads/{upload.id}"
    pages = ("/orders/import", f"/orders/import/{upload.id}", part, f"{part}/setup", "/panels/uploads")
    for path in pages:
        assert mia.get(path).status_code == 200, path
        assert ana.get(path).status_code == 403, path
    assert "Only managers and admins can do this." in ana.get("/orders/import").text
    for action in ACTIONS:
        assert ana.post(f"/orders/import/{upload.id}/{action}").status_code == 403, action
    answer = ana.client.post("/orders/import", data={"csrf_token": ana.csrf_token(), "file": (BytesIO(b"a"), "a.csv")})
    assert answer.status_code == 403


def test_a_manager_of_another_tenant_sees_and_changes_nothing(app: Flask, uploads: Uploads, world: World) -> None:
    upload = uploads.run(uploads.add(csv(*GOOD, BAD), name="secret.csv"))
    stranger = Person(app, world.user(world.tenant("globex"), "Stan Ranger", role="manager"))
    assert "No uploads yet" in seen(stranger, "/orders/import")
    assert "secret" not in stranger.get(f"/panels/uploads/{upload.id}").text
    pages = ("/orders/import/{0}", "/orders/import/{0}/report", "/panels/uploads/{0}/setup")
    for path in (page.format(upload.id) for page in pages):
        assert stranger.get(path).status_code == 404, path
    for action in ACTIONS:
        assert stranger.post(f"/orders/import/{upload.id}/{action}").status_code == 404, action
    assert uploads.find(upload.id) == upload
