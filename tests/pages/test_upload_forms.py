"""The form of an upload: its token, its limit, and bodies that are cut off."""

from __future__ import annotations

from io import BytesIO

import pytest

from webapp import create_app
from webapp.routes.form_limits import FORM_BYTES, ORDER_BYTES
from webapp.uploads import store

from ..conftest import config_for
from ..support.browser import Person
from ..support.relay_pages import seen
from ..support.uploads import Uploads, csv
from ..support.world import Service, World


def test_an_upload_without_a_valid_token_stores_nothing(mia: Person, uploads: Uploads) -> None:
    mia.csrf_token()
    for data in (
        {"file": (BytesIO(csv()), "orders.csv")},
        {"csrf_token": "x", "file": (BytesIO(csv()), "orders.csv")},
        {"csrf_token": "x"},
    ):
        answer = mia.client.post("/orders/import", data=data, content_type="multipart/form-data")
        assert answer.status_code == 400
        assert "This form is no longer valid" in answer.text
    assert mia.client.post("/orders/import", data=b"{}", content_type="application/json").status_code == 400
    assert store.newest(uploads.conn, uploads.tenant) == []


@pytest.mark.parametrize(
    ("content", "name", "problem"), [(b"", "a.csv", "The file is empty"), (b"", "", "Choose a file first")]
)
def test_a_form_without_rows_or_without_a_file_says_what_to_do(
    mia: Person, uploads: Uploads, content: bytes, name: str, problem: str
) -> None:
    data = {"csrf_token": mia.csrf_token(), "file": (BytesIO(content), name)}
    answer = mia.client.post("/orders/import", data=data, content_type="multipart/form-data")
    assert answer.status_code == 303
    assert problem in seen(mia, "/orders/import")
    assert store.newest(uploads.conn, uploads.tenant) == []


def body(token: str, content: bytes, end: bytes = b"\r\n--limit--\r\n") -> bytes:
    return (
        (
            f'--limit\r\nContent-Disposition: form-data; name="csrf_token"\r\n\r\n{token}\r\n'
            '--limit\r\nContent-Disposition: form-data; name="file"; filename="orders.csv"\r\n\r\n'
        ).encode()
        + content
        + end
    )


MULTIPART = "multipart/form-data; boundary=limit"


def test_a_form_that_is_cut_off_keeps_nothing(mia: Person, uploads: Uploads) -> None:
    sent = body(mia.csrf_token(), csv() * 5_000, b"")
    answer = mia.client.post("/orders/import", data=sent, content_type=MULTIPART)
    assert answer.status_code == 400
    assert store.newest(uploads.conn, uploads.tenant) == []
    assert uploads.conn.execute("SELECT count(*) FROM upload_chunks").fetchone() == (0,)


def test_a_file_above_the_limit_is_refused_with_the_limit(
    service: Service, uploads: Uploads, world: World, tenant: int
) -> None:
    app = create_app(config_for(service, IMPORT_MAX_MB=1))
    mia = Person(app, world.user(tenant, "Mia Manager", role="manager"))
    assert "CSV or Excel (.xlsx), up to 1 MB." in seen(mia, "/orders/import")
    for size in (1_000_001, 1_000_000 + FORM_BYTES * 2):
        sent = body(mia.csrf_token(), b"x" * size)
        answer = mia.client.post("/orders/import", data=sent, content_type=MULTIPART)
        assert answer.status_code == 413
        assert "A file may have up to 1 MB. Split it, keeping the rows of an order together" in answer.text
        plain = mia.client.post("/orders/import", data=sent, content_type=MULTIPART, headers={"Doorbell-Upload": "1"})
        assert (plain.status_code, plain.mimetype) == (413, "text/plain")
    assert store.newest(uploads.conn, tenant) == []
    assert (
        mia.client.post(
            "/orders/import", data=body(mia.csrf_token(), b"x" * 1_000_000), content_type=MULTIPART
        ).status_code
        == 303
    )
    with app.app_context():
        app.extensions["sqlalchemy"].engine.dispose()


def test_only_the_route_of_uploads_reads_a_large_body(mia: Person, uploads: Uploads) -> None:
    sent = body(mia.csrf_token(), b"x" * (ORDER_BYTES + FORM_BYTES))
    for path in ("/orders", f"/orders/import/{uploads.add().id}/options"):
        assert mia.client.post(path, data=sent, content_type=MULTIPART).status_code == 413, path
    assert mia.client.post("/orders/import", data=sent, content_type=MULTIPART).status_code == 303
