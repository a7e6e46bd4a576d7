"""An import in a browser: upload, columns, check, import with progress, report; on a phone and in the dark."""

from __future__ import annotations

import sys
from pathlib import Path

import psycopg
import pytest
import redis
from playwright.sync_api import Page, expect

from webapp.order_import.placement import IMPORT_LOCK
from webapp.uploads import jobs

from ..support.processes import Doorbell, Process
from ..support.uploads import BAD, GOOD, Uploads, csv, many
from ..support.world import Service, World
from .conftest import Sign
from .test_accessibility import overflow, violations

pytestmark = pytest.mark.browser

FAULTS = (Path(__file__).parent / "layout.js").read_text()
PROBLEM = 'PostgreSQL: could not extend file "base/16384/pg_toast_2619": No space left on device'
LONG = "Export der Bestellungen aus dem Onlineshop vom zweiten November bis zum dreißigsten November 2026 (final).csv"


@pytest.fixture
def mia(world: World, tenant: int) -> int:
    return world.user(tenant, "Mia Manager", role="manager")


@pytest.fixture
def uploads(service: Service, conn: psycopg.Connection, redis_client: redis.Redis, tenant: int) -> Uploads:
    return Uploads(service, conn, redis_client, tenant)


@pytest.fixture
def worker(doorbell: Doorbell) -> Process:
    """Celery's worker, and beat."""
    celery = (sys.executable, "-m", "celery", "-q", "-A", "tasks.app")
    doorbell.another(*celery, "beat", "--loglevel=WARNING")
    options = ("--queues=doorbell", "--pool=threads", "--concurrency=3", "--loglevel=WARNING")
    return doorbell.another(*celery, "worker", *options, "--without-gossip", "--without-mingle")


def upload(page: Page, content: bytes, name: str = "orders.csv") -> None:
    page.locator("#file").set_input_files({"name": name, "mimeType": "text/csv", "buffer": content})
    page.get_by_role("button", name="Upload and preview").click()
    expect(page.locator("h1")).to_have_text(name)


def test_a_file_is_uploaded_checked_and_imported(
    uploads: Uploads, mia: int, sign_in: Sign, worker: Process, conn: psycopg.Connection
) -> None:
    screen = sign_in(mia).open("/orders")
    page = screen.page
    page.get_by_role("link", name="Import orders").click()
    content = csv(*GOOD, BAD, header="Nr;Wer;Wann;Betrag;Bezahlt".replace(";", ","))
    upload(page, content)
    expect(page.locator("#preview-problem")).to_contain_text("No column was found for number, customer, placed_at")
    page.evaluate("window.paintedOnce = true")
    for field, column in (("number", "Nr"), ("customer", "Wer"), ("placed_at", "Wann"), ("total", "Betrag")):
        page.locator(f"#column-{field}").select_option(label=column)
    expect(page.locator("#preview-2")).to_contain_text("Hotel Adler")
    expect(page.locator("#preview-5")).to_contain_text("Rejected: Wann 'yesterday' is not a date")
    expect(page.locator("#sample-customer")).to_have_text("Hotel Adler")
    page.locator("#column-paid_at").select_option(label="Bezahlt")
    expect(page.locator("#preview-2")).to_contain_text("paid")
    assert screen.was_not_reloaded(), "the preview follows by itself"
    page.get_by_role("button", name="Check the whole file").click()
    state = page.locator("#upload")
    # The worker may be starting still.
    expect(state).to_contain_text("3 orders can be placed. Nothing was placed yet.", timeout=60_000)
    expect(page.locator("#import-rejected")).to_contain_text("line 5, order A-4 Wann 'yesterday' is not a date")
    assert not set(uploads.orders()) & {"A-1", "A-2", "A-3"}
    screen.is_live()
    page.locator("#confirm-checked > summary").click()
    conn.execute("SELECT pg_advisory_lock(%s)", [IMPORT_LOCK + uploads.tenant])
    page.locator("#import-checked").get_by_role("button", name="Import 3 orders").click()
    expect(state).to_contain_text("Another import is placing its orders. This one is next.")
    expect(state.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "75")
    expect(page.locator("#import-options")).to_have_count(0)
    conn.execute("SELECT pg_advisory_unlock(%s)", [IMPORT_LOCK + uploads.tenant])
    expect(state).to_contain_text("3 orders placed. See the orders")
    # The options return without a reload.
    page.locator("#options-title").wait_for()
    expect(page.locator("#preview-2")).to_contain_text("on the board")
    assert {"A-1", "A-2", "A-3"} <= set(uploads.orders())
    with page.expect_download() as found:
        page.get_by_role("link", name="Download rejected rows").click()
    assert found.value.suggested_filename == "orders.rejected.csv"
    assert "'yesterday' is not a date" in Path(found.value.path()).read_text()
    page.get_by_role("link", name="See the orders").click()
    expect(page.locator("#orders-rows")).to_contain_text("Toms Spezialitäten")
    assert screen.faults == []


def test_a_list_on_another_screen_follows_and_a_job_is_cancelled(uploads: Uploads, mia: int, sign_in: Sign) -> None:
    screen = sign_in(mia).open("/orders/import")
    page = screen.page
    expect(page.locator("#uploads")).to_contain_text("No uploads yet")
    other = sign_in(mia).open("/orders/import").page
    upload(other, many(30), "thirty.csv")
    item = page.locator("#uploads-list > li")
    expect(item).to_contain_text("thirty.csv")
    other.locator("#confirm-import > summary").click()
    other.get_by_role("button", name="Import 30 orders").click()
    expect(item).to_contain_text("Waiting for a worker.")
    expect(other.locator("#upload")).to_contain_text("Waiting for a worker.")
    other.get_by_role("button", name="Cancel").click()
    expect(other.locator("#upload")).to_contain_text("The import was cancelled. Nothing was placed.")
    expect(item).to_contain_text("cancelled")
    assert screen.was_not_reloaded()
    assert uploads.worker.run() == 0
    assert screen.faults == []


def test_an_interruption_is_shown(uploads: Uploads, mia: int, sign_in: Sign, conn: psycopg.Connection) -> None:
    job = uploads.queue(uploads.add(many(30)))
    page = sign_in(mia).open(f"/orders/import/{job.id}").page
    state = page.locator("#upload")
    expect(state).to_contain_text("Waiting for a worker.")
    assert jobs.claim(conn) is not None
    conn.execute("UPDATE uploads SET lease_until = now() - interval '1 s'")
    page.reload()
    expect(state).to_contain_text("The import was interrupted. Nothing was lost")
    uploads.worker.run()
    expect(state).to_contain_text("30 orders placed.")


def test_a_file_that_is_too_large_is_refused_before_it_is_sent(
    uploads: Uploads, mia: int, sign_in: Sign, tmp_path: Path
) -> None:
    page = sign_in(mia).open("/orders/import").page
    path = tmp_path / "large.csv"
    with path.open("wb") as file:
        file.truncate(101_000_000)
    page.locator("#file").set_input_files(path)
    expect(page.locator("#upload-problem")).to_have_text(
        "large.csv is too large: the limit is 100 MB. Split the file, keeping the rows of an order together."
    )
    page.get_by_role("button", name="Upload and preview").click()
    expect(page.locator("#upload-progress")).to_be_hidden()
    page.locator("#file").set_input_files({"name": "empty.csv", "mimeType": "text/csv", "buffer": b""})
    page.get_by_role("button", name="Upload and preview").click()
    expect(page.locator("#upload-problem")).to_have_text(
        "The file is empty. Choose a file whose first row names the columns."
    )
    assert uploads.conn.execute("SELECT count(*) FROM uploads").fetchone() == (0,)


def test_everything_works_without_scripts(uploads: Uploads, mia: int, sign_in: Sign, doorbell: Doorbell) -> None:
    page = sign_in(mia, java_script_enabled=False).page
    page.goto(f"{doorbell.url}/orders/import")
    upload(page, csv(*GOOD, BAD, header="Nr,Wer,Wann,Betrag,Bezahlt"))
    for field, column in (("number", "Nr"), ("customer", "Wer"), ("placed_at", "Wann"), ("total", "Betrag")):
        page.locator(f"#column-{field}").select_option(label=column)
    page.locator("noscript button").click()
    expect(page.locator("#preview-2")).to_contain_text("Hotel Adler")
    page.get_by_role("button", name="Check the whole file").click()
    expect(page.locator("#upload")).to_contain_text("Waiting for a worker.")
    uploads.worker.run()
    page.reload()
    page.locator("#confirm-checked > summary").click()
    page.locator("#import-checked button").click()
    expect(page.locator("#upload")).to_contain_text("Waiting for a worker.")
    uploads.worker.run()
    page.reload()
    expect(page.locator("#upload")).to_contain_text("3 orders placed.")


@pytest.mark.parametrize(("scheme", "width"), [("light", 1440), ("dark", 768), ("light", 375), ("dark", 375)])
def test_each_state_fits_and_has_no_violation(
    uploads: Uploads, world: World, mia: int, sign_in: Sign, doorbell: Doorbell, scheme: str, width: int
) -> None:
    world.conn.execute("UPDATE users SET name = 'Wilhelmina-Charlotte von Hohenstein-Waldenburg' WHERE id = %s", [mia])
    rows = [
        *GOOD,
        BAD,
        f"{'N' * 70},Hotel,2026-11-02,1.00,",
        f"B-1,{'Donaudampfschiffahrtsgesellschaft ' * 4},2026-11-02,99999999.99,",
    ]
    ready = uploads.add(csv(*rows), LONG)
    checked = uploads.run(uploads.add(csv(*rows), LONG), is_dry_run=True)
    imported = uploads.run(uploads.add(csv(*rows)))
    refused = uploads.run(uploads.add(csv(*GOOD, 'A-9,"Hotel,2026-11-02,1.00,'), LONG))
    unmapped = uploads.add(b"Nr,Wer,Wann\n1,2,3\n")
    failed = uploads.run(uploads.add())
    world.conn.execute("UPDATE uploads SET state = 'failed', problem = %s WHERE id = %s", [PROBLEM, failed.id])
    running = uploads.queue(uploads.add(many(300)))
    assert jobs.claim(uploads.conn) is not None
    world.conn.execute(
        "UPDATE uploads SET phase = 'reading', done_bytes = size_bytes / 2, attempts = 2 WHERE state = 'running'"
    )
    page = sign_in(mia, width=width, color_scheme=scheme).page
    for path in ("", *(f"/{each.id}" for each in (ready, checked, imported, refused, unmapped, failed, running))):
        page.goto(f"{doorbell.url}/orders/import{path}")
        page.evaluate("document.querySelectorAll('main details').forEach(each => each.open = true)")
        found: list[str] = page.evaluate(FAULTS)
        assert (path, found, violations(page), overflow(page)) == (path, [], [], 0)
