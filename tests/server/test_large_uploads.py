"""A large upload through gunicorn: stored while it arrives, slower than a form may be, and bounded."""

from __future__ import annotations

import re
import socket
import sys
import time
from collections.abc import Iterator

import psutil
import psycopg
import pytest
import redis

from webapp.uploads import store

from ..support.apps.hurried_web import BODY_SECONDS
from ..support.processes import Doorbell, get, read
from ..support.uploads import Uploads, many
from ..support.wait import eventually
from ..support.world import Service, World

MEGABYTE = 1_000_000
HEAD = b'--b\r\nContent-Disposition: form-data; name="csrf_token"\r\n\r\n%b\r\n'
FILE = b'--b\r\nContent-Disposition: form-data; name="file"; filename="orders.csv"\r\n\r\n'
END = b"\r\n--b--\r\n"


@pytest.fixture
def doorbell(service: Service) -> Iterator[Doorbell]:
    doorbell = Doorbell(service, IMPORT_MAX_MB="30")
    doorbell.web = doorbell.process(sys.executable, "-m", "tests.support.apps.hurried_web")
    doorbell.start_web()
    yield doorbell
    doorbell.close()


@pytest.fixture
def uploads(service: Service, conn: psycopg.Connection, redis_client: redis.Redis, world: World) -> Uploads:
    return Uploads(service, conn, redis_client, world.tenant())


class Form:
    """A signed-in manager's form of an upload, sent as bytes."""

    def __init__(self, doorbell: Doorbell, cookie: str) -> None:
        self.port, self.cookie = doorbell.port, cookie
        page = read(f"{doorbell.url}/orders/import", cookie)
        # The token belongs to the session that the page's answer has set.
        found = re.search(r'name="csrf_token" value="([^"]+)"', page)
        assert found is not None
        self.start = HEAD % found[1].encode() + FILE

    def head(self, length: int) -> bytes:
        return (
            f"POST /orders/import HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {self.cookie}\r\nConnection: close\r\n"
            f"Content-Type: multipart/form-data; boundary=b\r\nContent-Length: {length}\r\n\r\n"
        ).encode()

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=30)


@pytest.fixture
def form(doorbell: Doorbell, uploads: Uploads, world: World) -> Form:
    return Form(doorbell, session_cookie(doorbell, world.user(uploads.tenant, "Mia Manager", role="manager")))


def session_cookie(doorbell: Doorbell, user_id: int) -> str:
    """A cookie whose session has a token."""
    import urllib.request

    request = urllib.request.Request(f"{doorbell.url}/orders/import", headers={"Cookie": doorbell.cookie(user_id)})  # noqa: S310 - our own loopback address
    with urllib.request.urlopen(request, timeout=15) as answer:  # noqa: S310
        return str(answer.headers["Set-Cookie"]).partition(";")[0]


def answer(sock: socket.socket) -> bytes:
    return b"".join(iter(lambda: sock.recv(65_536), b""))


def test_a_file_of_25_mb_is_stored_with_flat_memory_while_the_process_answers(
    form: Form, doorbell: Doorbell, uploads: Uploads
) -> None:
    content = many(500_000)[: 25 * MEGABYTE]
    content += b"\n" + b"x" * (25 * MEGABYTE - len(content) - 1)
    (worker,) = psutil.Process(doorbell.web.pid).children()
    before, longest = worker.memory_info().rss, 0.0
    with form.connect() as sock:
        sock.sendall(form.head(len(form.start) + len(content) + len(END)) + form.start)
        for begin in range(0, len(content), MEGABYTE):
            sock.sendall(content[begin : begin + MEGABYTE])
            began = time.monotonic()
            assert get(doorbell.url + "/healthz") == 200
            longest = max(longest, time.monotonic() - began)
        sock.sendall(END)
        text = answer(sock)
    assert text.startswith(b"HTTP/1.1 303 "), text[:500]
    (upload,) = store.newest(uploads.conn, uploads.tenant)
    assert upload.size_bytes == len(content)
    assert b"".join(store.chunks(uploads.conn, upload)) == content
    grown = worker.memory_info().rss - before
    print(f"{grown / MEGABYTE:.1f} MB more memory, longest other request {longest * 1000:.0f} ms")
    assert grown < 12 * MEGABYTE
    assert longest < 2.0


def test_an_upload_may_take_longer_than_a_form_while_pieces_arrive(form: Form, uploads: Uploads) -> None:
    piece = b"x" * store.CHUNK_BYTES
    count = 10
    with form.connect() as sock:
        sock.sendall(form.head(len(form.start) + count * len(piece) + len(END)) + form.start)
        began = time.monotonic()
        for n in range(count):
            sock.sendall(piece)
            # The next piece comes late, but within the time that each has.
            eventually(lambda n=n: time.monotonic() - began > (n + 1) * BODY_SECONDS / 4)
        sock.sendall(END)
        assert answer(sock).startswith(b"HTTP/1.1 303 ")
    assert time.monotonic() - began > 2 * BODY_SECONDS
    assert [upload.state for upload in store.newest(uploads.conn, uploads.tenant)] == ["ready"]


def test_an_upload_that_stops_is_answered_408_and_forgotten(form: Form, uploads: Uploads) -> None:
    with form.connect() as sock:
        sock.sendall(form.head(10 * MEGABYTE) + form.start + b"x" * store.CHUNK_BYTES * 2)
        assert answer(sock).startswith(b"HTTP/1.1 408 ")
    assert store.newest(uploads.conn, uploads.tenant) == []


def test_a_connection_that_is_lost_leaves_nothing(form: Form, uploads: Uploads) -> None:
    with form.connect() as sock:
        sock.sendall(form.head(10 * MEGABYTE) + form.start + b"x" * store.CHUNK_BYTES * 2)
        eventually(lambda: len(store.newest(uploads.conn, uploads.tenant)) == 1)
    eventually(lambda: store.newest(uploads.conn, uploads.tenant) == [])


def test_a_file_that_is_too_large_is_answered_413_after_it_was_sent(form: Form, uploads: Uploads) -> None:
    content = b"x" * (40 * MEGABYTE)
    with form.connect() as sock:
        sock.sendall(form.head(len(form.start) + len(content) + len(END)) + form.start + content + END)
        text = answer(sock)
    assert text.startswith(b"HTTP/1.1 413 ")
    assert b"A file may have up to 30 MB" in text
    assert store.newest(uploads.conn, uploads.tenant) == []


def test_a_body_without_end_is_not_read(form: Form, doorbell: Doorbell) -> None:
    with form.connect() as sock:
        sock.sendall(form.head(99_999_999_999) + form.start)
        with pytest.raises(ConnectionError):
            sock.sendall(b"x" * 100 * MEGABYTE)
    assert get(doorbell.url + "/healthz") == 200
