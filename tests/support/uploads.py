"""Uploads of orders: sent as a browser sends a form, and their jobs run by a worker in the test's process."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from io import BytesIO

import psycopg
import redis

from webapp.uploads import jobs, store
from webapp.uploads.upload import Upload
from webapp.uploads.worker import ImportWorker

from .browser import Person, fields
from .world import Service

HEADER = "number,customer,placed_at,total,paid_at"
GOOD = (
    "A-1,Hotel Adler,2026-11-02,129.00,2026-11-03",
    "A-2,Café Söhne,2026-11-02 14:30,12.50,",
    "A-3,Toms Spezialitäten,2026-11-04,1000.00,2026-11-04",
)
BAD = "A-4,Hotel Adler,yesterday,12.50,"


def csv(*rows: str, header: str = HEADER) -> bytes:
    return "\n".join([header, *(rows or GOOD), ""]).encode()


def many(count: int, begin: int = 1) -> bytes:
    """A file with one row per order."""
    return csv(*(f"N-{n},Customer {n},2026-11-02T10:00:00+01:00,{n}.00," for n in range(begin, begin + count)))


def send(person: Person, content: bytes = b"", name: str = "orders.csv", **others: str) -> int:
    """Upload a file; returns the upload's id."""
    data = {"csrf_token": person.csrf_token(), **others, "file": (BytesIO(content or csv()), name)}
    answer = person.client.post("/orders/import", data=data)
    assert answer.status_code == 303, answer.text
    assert answer.location.startswith("/orders/import/"), answer.location
    return int(answer.location.rpartition("/")[2])


class Uploads:
    """The uploads of one tenant by SQL, and a worker for their jobs."""

    def __init__(self, service: Service, conn: psycopg.Connection, client: redis.Redis, tenant: int) -> None:
        self.service, self.conn, self.client, self.tenant = service, conn, client, tenant
        self.worker = ImportWorker(service.database_url, client)

    def add(self, content: bytes = b"", name: str = "orders.csv", **options: object) -> Upload:
        content = content or csv()
        upload = store.create(self.conn, self.tenant, name, "Mia Manager (mia@example.com)")
        for position, begin in enumerate(range(0, len(content), store.CHUNK_BYTES)):
            store.append(self.conn, upload, position, content[begin : begin + store.CHUNK_BYTES])
        store.complete(self.conn, upload, len(content))
        store.set_options(self.conn, self.find(upload.id), options)
        return self.find(upload.id)

    def find(self, upload_id: int) -> Upload:
        found = store.find(self.conn, self.tenant, upload_id)
        assert found is not None
        return found

    def queue(self, upload: Upload, *, is_dry_run: bool = False) -> Upload:
        assert jobs.enqueue(self.conn, self.find(upload.id), is_dry_run=is_dry_run)
        return self.find(upload.id)

    def run(self, upload: Upload, *, is_dry_run: bool = False) -> Upload:
        """Begin a job and run it to its end."""
        self.queue(upload, is_dry_run=is_dry_run)
        self.worker.run()
        return self.find(upload.id)

    def report(self, upload: Upload) -> bytes:
        return b"".join(store.chunks(self.conn, upload, store.REPORT))

    def orders(self) -> list[str]:
        return [row[0] for row in self.conn.execute("SELECT number FROM orders ORDER BY number")]

    @contextlib.contextmanager
    def in_thread(self) -> Iterator[threading.Thread]:
        """The worker runs the waiting jobs beside the block, and has ended after it."""
        thread = threading.Thread(target=self.worker.run)
        thread.start()
        yield thread
        thread.join(30)
        assert not thread.is_alive()


def options(person: Person, upload_id: int) -> dict[str, str]:
    form = person.page(f"/orders/import/{upload_id}").select_one("#import-options")
    assert form is not None
    return fields(form)


def begin(person: Person, upload_id: int, action: str, **changes: str) -> None:
    answer = person.client.post(f"/orders/import/{upload_id}/{action}", data=options(person, upload_id) | changes)
    assert answer.status_code == 303, answer.text
