"""The options of an import in the browser: format, status words, updates; and when the page shows them."""

from __future__ import annotations

from ..support.browser import Person, fields
from ..support.relay_pages import seen, words
from ..support.uploads import GOOD, Uploads, begin, csv, options, send


def test_an_export_is_recognised_and_its_unknown_status_words_are_asked_for(mia: Person, uploads: Uploads) -> None:
    rows = (
        "#1001,ana@example.com,2026-11-02 10:00:00 +0100,paid,2026-11-02 10:01:00 +0100,fulfilled,EUR,20.00,0.00,2,Mug,10.00",
        "#1002,ben@example.com,2026-11-03 10:00:00 +0100,paid,2026-11-03 10:01:00 +0100,,EUR,10.00,0.00,1,Mug,10.00",
    )
    header = "Name,Email,Created at,Financial Status,Paid at,Fulfillment Status,Currency,Total,Refunded Amount"
    header += ",Lineitem quantity,Lineitem name,Lineitem price"
    page = seen(mia, f"/orders/import/{send(mia, csv(*rows, header=header))}")
    assert "This looks like Shopify" in page
    assert "#1002 ben@example.com 3 Nov 2026, 10:00:00 paid 1 item €10.00" in page
    odd = csv(
        *(f"{row},{word}" for row, word in zip(GOOD, ("Zorp", "paid", "Zorp"), strict=True)),
        header="number,customer,placed_at,total,paid_at,status",
    )
    upload = send(mia, odd)
    page = seen(mia, f"/orders/import/{upload}")
    assert "Choose the meaning of each under “Status words”." in page
    assert "Zorp needed" in page
    assert "paid Paid (recognised)" in page
    given = options(mia, upload)
    assert [given[f"word-{index}"] for index in range(2)] == ["Zorp", "paid"], "unknown words come first"
    begin(mia, upload, "options", **{"meaning-0": "not an order"})
    page = seen(mia, f"/orders/import/{upload}")
    assert "A-2 " in page
    assert "A-1 Hotel Adler" not in page
    begin(mia, upload, "options", **{"meaning-0": "placed"})
    assert "A-1 Hotel Adler 2 Nov 2026, 00:00:00 paid" in seen(mia, f"/orders/import/{upload}")
    begin(mia, upload, "options", **{"column-status": "none"})
    assert "words" not in uploads.find(upload).options, "they were words of that column"


def test_unknown_words_behind_the_rows_of_the_preview_are_offered_after_a_check(mia: Person, uploads: Uploads) -> None:
    rows = [f"N-{n},Hotel,2026-11-02,1.00,{'Zorp' if n == 600 else 'paid'}" for n in range(1, 601)]
    upload = send(mia, csv(*rows, header="number,customer,placed_at,total,status"))
    assert "Zorp" not in seen(mia, f"/orders/import/{upload}")
    begin(mia, upload, "checks")
    uploads.worker.run()
    assert "Zorp needed" in seen(mia, f"/orders/import/{upload}")
    assert "further down in the file" in seen(mia, f"/orders/import/{upload}")
    begin(mia, upload, "checks", **{"meaning-0": "cancelled"})
    uploads.worker.run()
    assert "600 orders can be placed." in seen(mia, f"/orders/import/{upload}")


def test_orders_on_the_board_are_brought_up_to_date_by_one_button(mia: Person, uploads: Uploads) -> None:
    uploads.run(uploads.add(csv("A-1,Hotel,2026-11-02,1.00,", "A-2,Hotel,2026-11-02,1.00,")))
    upload = send(mia, csv("A-1,Hotel,2026-11-02,1.00,2026-11-03", "A-2,Hotel,2026-11-02,1.00,"))
    begin(mia, upload, "checks")
    uploads.worker.run()
    page = mia.page(f"/orders/import/{upload}")
    assert "1 order on the board can be brought up to date with this file: 1 paid." in words(page)
    offer = page.select_one("#check-updates")
    assert offer is not None
    assert mia.client.post(offer["action"], data=fields(offer)).status_code == 303
    uploads.worker.run()
    page = mia.page(f"/orders/import/{upload}")
    assert "1 order can be brought up to date. Nothing was changed yet." in words(page)
    button = page.select_one("#import-checked")
    assert button is not None
    assert "Update 1 order" in words(button)
    assert mia.client.post(button["action"], data=fields(button)).status_code == 303
    uploads.worker.run()
    assert "1 order brought up to date. See the orders" in seen(mia, f"/orders/import/{upload}")
    paid = uploads.conn.execute("SELECT number FROM orders WHERE paid_at IS NOT NULL").fetchall()
    assert paid == [("A-1",)]


def test_the_options_leave_the_page_during_a_job_and_return_after_it(mia: Person, uploads: Uploads) -> None:
    upload = uploads.queue(uploads.add())
    part = f"/panels/uploads/{upload.id}/setup"
    assert mia.get(part).text.strip() == ""
    assert 'data-setup=""' in mia.get(f"/panels/uploads/{upload.id}").text
    uploads.worker.run()
    assert "A-1" in mia.get(part).text
    assert f'data-setup="{uploads.find(upload.id).version}"' in mia.get(f"/panels/uploads/{upload.id}").text
