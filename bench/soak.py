"""An hour of changes with a TV, a board and a phone page open: heap, DOM nodes and the server's memory stay flat.

The whole Doorbell runs without a proxy: a web process, the listener, and Celery's worker and beat, with the demo's six weeks of
orders. A writer places, pays, ships and edits orders at RATE changes per second. Three Chromium pages show them: a TV of
1920 × 1080 that rotates its four screens and celebrates, a manager's board of 1440 px, and a salesperson's board of 375 px.

Each minute the pages are measured after a garbage collection, and the processes by their resident memory. `ratio` compares the
last quarter with the first; the first samples, while caches fill, are left out. A process's figure is the median of a quarter.
A page's is the least: a fragment that has just arrived doubles the nodes for a moment, and a leak raises the least too.
`make soak` takes SOAK_SECONDS (3600) and RATE (10).
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime

import psutil
import psycopg

from webapp import create_app
from webapp.config import Config
from webapp.demo import seed
from webapp.rollups.refresh import refresh
from webapp.tv import links, options

from .soak_pages import SoakedPage, open_pages
from .soak_writer import Writer
from .stage import ROOT, Stage, report
from .web import Web

SECONDS = float(os.environ.get("SOAK_SECONDS", "3600"))
RATE = float(os.environ.get("RATE", "10"))
SAMPLE_SECONDS = min(60.0, SECONDS / 20)
WARM_UP = 0.1  # of the samples
MAX_PAGE_RATIO, MAX_PROCESS_RATIO = 1.15, 1.1
CELERY = [sys.executable, "-m", "celery", "-q", "-A", "tasks.app"]
WORKER = ["worker", "--queues=doorbell", "--pool=threads", "--concurrency=3", "--loglevel=WARNING"]

Samples = dict[str, list[float]]


def soak() -> None:
    """`main` is the name of the benchmarks that `make bench` runs, and this one takes an hour."""
    with ExitStack() as stack:
        stage = stack.enter_context(Stage())
        url = stage.env["DATABASE_URL"]
        seed.seed(url, datetime.now(UTC))
        refresh(url)
        tenant, manager, salesperson, token = _people_and_tv(stage, url)
        listener = stack.enter_context(stage.listener(url))
        web = stack.enter_context(Web(stage, url, 100))
        worker = stack.enter_context(_celery(stage, *WORKER))
        stack.enter_context(_celery(stage, "beat", "--loglevel=WARNING", f"--schedule={stage.directory}/beat"))
        processes = {"gunicorn worker": web.worker, "listener": psutil.Process(listener.pid), "worker": worker}
        board, phone = web.cookies([manager, salesperson])
        address = f"http://127.0.0.1:{web.port}"
        pages = stack.enter_context(open_pages(address, f"/tv/{token}", board, phone))
        writer = stack.enter_context(Writer(url, tenant, RATE))
        _report_all(pages, _sample(pages, processes), writer)


def _people_and_tv(stage: Stage, url: str) -> tuple[int, int, int, str]:
    """The ids of the tenant, a manager and a salesperson, and the token of a new TV."""
    with psycopg.connect(url) as conn:
        people = conn.execute("SELECT tenant_id, min(id), role FROM users GROUP BY 1, 3 ORDER BY role").fetchall()
    (tenant, manager, _), (_, salesperson, _) = people
    app = create_app(Config.from_env(stage.env))
    with app.app_context():
        values = options.DEFAULTS | {"name": "Soak", "screen_seconds": 15}
        _, token = links.create(tenant, manager, values)
        app.extensions["sqlalchemy"].engine.dispose()
    return tenant, manager, salesperson, token


@contextmanager
def _celery(stage: Stage, *command: str) -> Iterator[psutil.Process]:
    with (stage.directory / f"{command[0]}.log").open("ab") as log:
        process = subprocess.Popen([*CELERY, *command], cwd=ROOT, env=stage.env, stdout=log, stderr=log)
    try:
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(30)


def _sample(pages: list[SoakedPage], processes: Mapping[str, psutil.Process]) -> dict[str, Samples]:
    """The sizes of each page and process over the time. Waits in the pages, so that Playwright handles their events."""
    found: dict[str, Samples] = {name: {} for name in [*(page.name for page in pages), *processes]}
    began = time.monotonic()
    for number in range(1, round(SECONDS / SAMPLE_SECONDS) + 1):
        while (left := began + number * SAMPLE_SECONDS - time.monotonic()) > 0:
            pages[0].page.wait_for_timeout(min(left, 5.0) * 1000)
        for page in pages:
            _add(found[page.name], page.sizes())
        for name, process in processes.items():
            _add(found[name], {"rss_mb": process.memory_info().rss / 1e6})
        newest = {name: {size: round(values[-1], 1) for size, values in sizes.items()} for name, sizes in found.items()}
        print(f"{number * SAMPLE_SECONDS:.0f} s: {newest}", file=sys.stderr, flush=True)
    return found


def _add(samples: Samples, sizes: Mapping[str, float]) -> None:
    for name, value in sizes.items():
        samples.setdefault(name, []).append(value)


def _report_all(pages: list[SoakedPage], found: Mapping[str, Samples], writer: Writer) -> None:
    states = {page.name: page.state for page in pages}
    for name, samples in found.items():
        is_page = name in states
        limit = MAX_PAGE_RATIO if is_page else MAX_PROCESS_RATIO
        measured = ("heap_mb", "nodes") if is_page else ("rss_mb",)
        figures = _figures(samples, min if is_page else statistics.median)
        met = all(figures[f"{size}_ratio"] <= limit for size in measured) and states.get(name, "Live") == "Live"
        report(
            case=name,
            figures=figures,
            seconds=round(SECONDS),
            changes_per_second=round(writer.changes / SECONDS, 1),
            at_the_end=states.get(name),
            target=", ".join(f"{size}_ratio <= {limit}" for size in measured),
            met=met,
        )


def _figures(samples: Samples, of_quarter: Callable[[list[float]], float]) -> dict[str, float]:
    """For each size: the figure of the first and of the last quarter, and their ratio."""
    figures: dict[str, float] = {}
    for size, values in samples.items():
        kept = values[round(len(values) * WARM_UP) :]
        quarter = max(1, len(kept) // 4)
        first, last = of_quarter(kept[:quarter]), of_quarter(kept[-quarter:])
        figures |= {f"{size}_first": round(first, 2), f"{size}_last": round(last, 2)}
        figures[f"{size}_ratio"] = round(last / first, 3) if first else 1.0
    return figures


if __name__ == "__main__":
    soak()
