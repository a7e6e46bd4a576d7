"""Downloads beside pages: limits, errors, headers, and a large list from a real web process."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import psutil
import pytest
from flask import Flask

from webapp.concurrency import download_limit
from webapp.concurrency.download_limit import DownloadLimit
from webapp.concurrency.slots import NoSlot
from webapp.order_export import download as download_module
from webapp.order_export import orders_csv
from webapp.services import services

from ..support.app_services import replace_services
from ..support.browser import Person
from ..support.csv_pages import download
from ..support.processes import Doorbell, get
from ..support.world import World

MANY = 30_000
# A list in memory would need about 18 MB more.
MAX_GROWTH_BYTES = 12_000_000


@pytest.fixture
def person(app: Flask, acme: int, manager: int) -> Person:
    return Person(app, manager)


def place(world: World, tenant: int, orders: int) -> None:
    world.conn.execute(
        "INSERT INTO orders (tenant_id, number, customer, currency, total_minor, placed_at)"
        " SELECT %s, 'N' || n, 'Customer ' || n, 'EUR', n, now() - n * interval '1 minute' FROM generate_series(1, %s) AS n",
        [tenant, orders],
    )


# Limits ---------------------------------------------------------------------------------------------------------------------


def test_a_user_runs_one_download_a_tenant_two_and_a_process_three() -> None:
    limit = DownloadLimit(wait_seconds=0.01)
    first, second = limit.take(1, 1), limit.take(1, 2)
    for tenant, user, scope in ((1, 1, "user"), (1, 3, "tenant")):
        with pytest.raises(NoSlot) as refused:
            limit.take(tenant, user)
        assert refused.value.scope == scope
    other = limit.take(2, 4)  # two users of one tenant do not keep the others waiting
    with pytest.raises(NoSlot) as refused:
        limit.take(3, 5)
    assert refused.value.scope == "process"
    first()
    first()  # a second time gives back nothing
    with pytest.raises(NoSlot):
        limit.take(1, 2)
    third = limit.take(1, 3)
    for give_back in (second, third, other):
        give_back()


def test_a_download_waits_for_a_slot_that_becomes_free() -> None:
    limit = DownloadLimit(wait_seconds=30)
    give_back = limit.take(1, 1)
    thread = threading.Thread(target=lambda: limit.take(1, 1)())
    thread.start()
    give_back()
    thread.join(20)
    assert not thread.is_alive()


def test_a_refused_download_names_the_reason_and_is_possible_again(app: Flask, person: Person, world: World) -> None:
    world.order(1, number="A1")
    replace_services(app, downloads=DownloadLimit(wait_seconds=0.01))
    give_back = services(app).downloads.take(1, 1)
    response = person.get("/orders.csv")
    assert (response.status_code, response.headers["Retry-After"]) == (429, str(download_limit.RETRY_SECONDS))
    assert "Your last download is still running" in response.text
    give_back()
    for tenants in ((1, 1), (2, 2, 3)):
        others = [services(app).downloads.take(tenant, user) for user, tenant in enumerate(tenants, 7)]
        assert person.get("/orders.csv").status_code == 503
        for give_back in others:
            give_back()
    assert [row["Order number"] for row in download(person)] == ["A1"]


def test_a_download_that_its_client_leaves_gives_its_slot_back(
    app: Flask, person: Person, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(orders_csv, "PAGE_ORDERS", 2)
    replace_services(app, downloads=DownloadLimit(wait_seconds=0.01))
    place(world, 1, 9)
    left = person.client.get("/orders.csv", buffered=False)
    assert b"N1," in next(iter(left.response))
    assert person.get("/orders.csv").status_code == 429
    left.close()
    assert len(download(person)) == 9


def test_a_download_that_the_audit_log_does_not_take_gives_its_slot_back(
    app: Flask, person: Person, world: World
) -> None:
    world.order(1, number="A1")
    replace_services(app, downloads=DownloadLimit(wait_seconds=0.01))
    world.conn.execute("ALTER TABLE audit_log ADD CONSTRAINT full_disk CHECK (kind <> 'export') NOT VALID")
    for _ in range(2):
        assert person.get("/orders.csv").status_code == 500
    world.conn.execute("ALTER TABLE audit_log DROP CONSTRAINT full_disk")
    assert [row["Order number"] for row in download(person)] == ["A1"]


def test_a_head_request_and_a_refused_filter_take_no_slot(app: Flask, person: Person, world: World) -> None:
    world.order(1)
    for _ in range(3):
        assert person.client.head("/orders.csv").status_code == 200
        assert person.get("/orders.csv?status=unknown").status_code == 400
    assert len(download(person)) == 1


def test_a_download_holds_no_connection_while_its_client_reads(
    app: Flask, person: Person, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(orders_csv, "PAGE_ORDERS", 2)
    place(world, 1, 9)
    response = person.client.get("/orders.csv", buffered=False)
    pieces: Iterator[bytes] = iter(response.response)  # type: ignore[arg-type]
    for _ in range(3):
        next(pieces)
        with app.app_context():
            assert app.extensions["sqlalchemy"].engine.pool.checkedout() == 0
        snapshots = world.conn.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'doorbell web' AND backend_xmin IS NOT NULL"
        ).fetchone()
        assert snapshots == (0,)
    response.close()


# Errors -----------------------------------------------------------------------------------------------------------------------


def test_a_later_error_cuts_the_download_off_instead_of_ending_it(
    person: Person, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(orders_csv, "PAGE_ORDERS", 2)
    place(world, 1, 9)
    response = person.client.get("/orders.csv", buffered=False)
    pieces: Iterator[bytes] = iter(response.response)  # type: ignore[arg-type]
    next(pieces)
    world.conn.execute("ALTER TABLE order_lines RENAME TO gone")
    world.conn.execute("ALTER TABLE orders RENAME TO gone_orders")
    with pytest.raises(ConnectionResetError, match="cut off"):
        list(pieces)


def test_a_download_ends_after_its_longest_time(person: Person, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orders_csv, "PAGE_ORDERS", 2)
    monkeypatch.setattr(download_module, "MAX_SECONDS", 0.0)
    place(world, 1, 9)
    response = person.client.get("/orders.csv", buffered=False)
    with pytest.raises(ConnectionResetError, match="longer than 0 s"):
        list(response.response)


def test_a_first_page_that_fails_is_an_error_page(person: Person, world: World) -> None:
    world.conn.execute("SET lock_timeout = '20s'")
    with world.conn.transaction():
        world.conn.execute("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE")
        response = person.get("/orders.csv")
    assert response.status_code == 503
    assert "attachment" not in response.headers.get("Content-Disposition", "")
    assert download(person) == []


def test_the_file_is_named_after_tenant_and_day(person: Person) -> None:
    def today() -> date:
        return datetime.now(UTC).astimezone(ZoneInfo("Europe/Berlin")).date()

    for path, name in (("/orders.csv", "orders"), ("/orders.csv?lines=1", "order-lines"), ("/figures.csv", "figures")):
        before = today()
        response = person.client.head(path)
        expected = {f'attachment; filename="{name}-acme-{day}.csv"' for day in (before, today())}
        assert response.headers["Content-Disposition"] in expected
        assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
        assert response.headers["Cache-Control"] == "private, no-store"


# A real web process -----------------------------------------------------------------------------------------------------------


def test_a_large_list_is_streamed_in_flat_memory_beside_pages(
    doorbell: Doorbell, world: World, acme: int, manager: int
) -> None:
    doorbell.start_web()
    cookie = doorbell.cookie(manager)
    place(world, acme, MANY)
    world.conn.execute("ANALYZE orders")
    master = psutil.Process(doorbell.web.pid)
    (worker,) = master.children()
    connection = http.client.HTTPConnection("127.0.0.1", doorbell.port, timeout=60)
    rows, peak, before = -1, 0, 0
    connection.request("GET", "/orders.csv", headers={"Cookie": cookie})
    response = connection.getresponse()
    assert response.getheader("Transfer-Encoding") == "chunked"
    while piece := response.read(256 * 1024):
        rows += piece.count(b"\n")
        memory = worker.memory_info().rss
        before = before or memory
        peak = max(peak, memory)
        assert get(doorbell.url + "/orders", cookie) == 200
    assert rows == MANY
    assert peak - before < MAX_GROWTH_BYTES
