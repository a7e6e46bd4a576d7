"""The cost of row-level security: the queries of the board, of the history and of search, with and without it.

"With" is a session of the web role, whose transactions are bound to tenant 1 of two; "without" is a session of the owner that
is bound to none. Both run the same code on the same database in turn, and which of them begins changes with each round.
Figures are milliseconds of CPU of this process and its PostgreSQL backend together, because all data is in memory; `wall` is
the elapsed time. The board is what a page's first paint reads: all its panels in one transaction, with the statement that
sets the tenant.

With and without, the statements with the highest ratios use the same indexes. The extra time is planning: PostgreSQL adds the
policy of each table to each statement, so the time grows with the number of tables and not of rows. It is the largest part of
a query that reads few rows. The figures of 1,000,000 orders were measured while each policy had a subquery, which is planned
too. Without it, the backend's CPU of the board was 1.06 times that of the same role without policies, and 1.09 times with it.

Two more costs are in the ratios of this benchmark:

- The recent orders and the page of an order call a function for events that another role has written. Here the owner wrote
  all of them, so a call takes 7 µs with and 0.7 µs without.
- A plan with policies needs more memory. In a new session "mine" then passes the size of heap that glibc returns to the kernel
  after each statement: 469 page faults per run and 1.3 ms, against none without policies. Ratios of "mine" from 0.92 to 1.15
  were measured, so one run does not show its cost.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from flask import Flask
from sqlalchemy import text

from webapp.db import db
from webapp.history.report import read as report_of
from webapp.history.request import HistoryRequest
from webapp.models import Tenant, User
from webapp.panels import snapshot
from webapp.panels.registry import PANELS
from webapp.postgres import process_roles, tenancy
from webapp.postgres.process_roles import ProcessRoles
from webapp.queries import customer_orders, inbox, order_page, order_search

from .many_orders import STEADY_COUNT, ManyOrders
from .search_cases import cases
from .stage import report, run

COUNTS = {100_000: False, STEADY_COUNT: True}  # by number of orders: whether 10,000 are of each day
ROUNDS = 25
WARM_UP = 3
MAX_RATIO = 1.1

Read = Callable[[], object]


def main() -> None:
    with ManyOrders() as many:
        for count, steady in COUNTS.items():
            url = many.database(count, steady=steady)
            with psycopg.connect(url, autocommit=True) as owner:
                owner.execute(
                    "INSERT INTO tenants (slug, name, timezone, currency, locale)"
                    " VALUES ('other', 'Other', 'UTC', 'EUR', 'en_GB') ON CONFLICT DO NOTHING"
                )
                process_roles.create(owner, ProcessRoles())
            web = url.replace("//postgres@", f"//{ProcessRoles().web}@")
            _measure(count, {"with": many.app(web), "without": many.app(url)})


def _measure(count: int, apps: dict[str, Flask]) -> None:
    sides = {}
    for name, app in apps.items():
        context = app.app_context()
        context.push()
        if name == "with":
            tenancy.enter(1)
        sides[name] = (context, dict(_reads(count)))
        context.pop()
    for case in sides["with"][1]:
        cpu: dict[str, list[float]] = {"with": [], "without": []}
        wall: dict[str, list[float]] = {"with": [], "without": []}
        for turn in range(WARM_UP + ROUNDS):
            for name in ("with", "without") if turn % 2 else ("without", "with"):
                context, reads = sides[name]
                with context:
                    used, took = _once(reads[case], case != "board")
                if turn >= WARM_UP:
                    cpu[name].append(used)
                    wall[name].append(took)
        _report(count, case, cpu, wall)
    for context, _ in sides.values():
        with context:
            db.engine.dispose()


def _report(count: int, case: str, cpu: dict[str, list[float]], wall: dict[str, list[float]]) -> None:
    with_rls, without = (statistics.median(cpu[name]) for name in ("with", "without"))
    report(
        case=f"{count:,} orders: {case}",
        figures={"p50_ms": round(with_rls, 2)},
        baseline={"without_p50_ms": round(without, 2)},
        ratio=round(with_rls / without, 3),
        wall={name: round(statistics.median(times), 2) for name, times in wall.items()},
        rounds=ROUNDS,
        target=f"ratio <= {MAX_RATIO}",
        met=with_rls / without <= MAX_RATIO,
    )


def _reads(count: int) -> Iterator[tuple[str, Read]]:
    now = datetime.now(UTC)
    tenant, user = db.session.get_one(Tenant, 1), db.session.get_one(User, 1)
    number = str(count - 1)
    order = db.session.execute(text("SELECT id FROM orders WHERE number = :number"), {"number": number}).scalar_one()
    db.session.expunge_all()
    db.session.rollback()
    yield "board", lambda: snapshot.read(list(PANELS.values()), tenant, now)
    for name, panel in PANELS.items():
        yield name, lambda panel=panel: panel.read(tenant, now)  # type: ignore[misc]
    yield "inbox, 100,000 unread", lambda: inbox.read(tenant, now, user)
    for group in ("none", "owner", "product"):
        asked = HistoryRequest(preset="year", by="month", group=group, compare="year")
        yield f"history of a year, {group}", lambda asked=asked: report_of(tenant, now, asked)  # type: ignore[misc]
    yield "order page", lambda: order_page.read(tenant, number)
    yield "other orders of a customer", lambda: customer_orders.read(tenant, order)
    for name, (wanted, _deep) in cases(count).items():
        yield f"search: {name}", lambda wanted=wanted: order_search.read(tenant, wanted)  # type: ignore[misc]


def _once(read: Read, in_transaction: bool) -> tuple[float, float]:
    """Milliseconds of CPU, and elapsed. A single query is read in a transaction that is open already."""
    backend = db.session.execute(text("SELECT pg_backend_pid()")).scalar_one()
    if not in_transaction:
        db.session.rollback()
    used, begin = _cpu(backend), time.perf_counter()
    read()
    took, used = time.perf_counter() - begin, _cpu(backend) - used
    db.session.rollback()
    return used * 1000, took * 1000


def _cpu(backend: int) -> float:
    """Seconds of CPU of this process and the backend (Linux)."""
    return time.process_time() + int(Path(f"/proc/{backend}/schedstat").read_text().split()[0]) / 1e9


if __name__ == "__main__":
    run(main)
