"""The list of orders at 100,000, 1,000,000 and 10,000,000 orders of one tenant: one page of each kind of search and filter.

A page is the whole request of a signed-in user, handled in this process: limits, search, and 50 rows in HTML. Figures
are milliseconds of CPU of this process and its PostgreSQL backend together, because all data is in memory. `wall` is
the elapsed time, which includes other work of the machine. The baseline is the statement of the first version, which
searched all orders from the newest on. bench/many_orders.py makes the orders.

Then the cost of the indexes of search and filters for writers: statements in an open transaction, so without the disk's part of
a commit, compared with the indexes of the first version. Which of the two runs first changes with each round.
"""

from __future__ import annotations

import contextlib
import gc
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
from flask import Flask
from flask.testing import FlaskClient
from psycopg.errors import QueryCanceled
from sqlalchemy import text

from webapp.accounts import sessions
from webapp.db import db
from webapp.queries.order_search import Filter, PageCursor

from .many_orders import COUNTS, ManyOrders
from .search_cases import cases, filters
from .stage import report, run

ROUNDS = 15
MAX_MS = 50
WRITES = 300  # per round
WRITE_ROUNDS = 4
BULK = 10_000
MAX_SLOWER = 1.1

BEFORE = """
SELECT o.id FROM orders o LEFT JOIN users u ON u.tenant_id = o.tenant_id AND u.id = o.owner_id
WHERE o.tenant_id = 1
  AND (lower(o.number) LIKE lower(%(words)s) || '%%' OR lower(o.customer) LIKE '%%' || lower(%(words)s) || '%%')
  AND (%(status)s = '' OR o.status = %(status)s) ORDER BY o.placed_at DESC, o.id DESC LIMIT 51"""
WITHOUT = (
    "DROP INDEX ix_orders_search, ix_orders_status, ix_orders_owner_status, ix_orders_shipped, ix_orders_cancelled,"
    " ix_orders_source_total",
    "CREATE INDEX ix_orders_owner ON orders (tenant_id, owner_id)",
)
INSERT = """
INSERT INTO orders (tenant_id, number, customer, owner_id, currency, total_minor)
SELECT 1, %(prefix)s || n, 'Anna' || n %% 300 || ' Müller' || n || ' GmbH', 3, 'EUR', 1000
FROM generate_series(%(first)s::int, %(last)s::int) AS n"""


class Refused(Exception):
    """The page was refused, because the search took too long."""


def main() -> None:
    with ManyOrders() as many:
        for count in COUNTS:
            url = many.database(count)
            app = many.app(url)
            gc.collect()
            gc.freeze()  # as gunicorn.conf.py does
            with psycopg.connect(url, autocommit=True) as conn:
                conn.execute("SET statement_timeout = '20s'")
                middle = conn.execute("SELECT placed_at, id FROM orders WHERE id = %s", [count // 2]).fetchone()
                assert middle is not None
                _measure_all(app, conn, count, PageCursor(*middle))
            with app.app_context():
                db.engine.dispose()
        for count in COUNTS[:2]:
            _measure_writes(many.database(count), count)


def _measure_all(app: Flask, conn: psycopg.Connection, count: int, middle: PageCursor) -> None:
    client = _signed_in(app)
    with app.app_context():
        _page(client, {})
        backend = db.session.execute(text("SELECT pg_backend_pid()")).scalar_one()
        # It is the pool's only connection, so every request gets it.
        db.session.rollback()
    for case, (wanted, deep) in cases(count).items():
        query = {"q": wanted.words, "status": wanted.status, "owner": wanted.owner_id or ""}
        query["before"] = str(middle) if deep else ""
        try:
            cpu, wall = _times(lambda query=query: _page(client, query), backend)  # type: ignore[misc]
        except Refused as error:
            report(case=f"{count:,} orders, {case}", note=f"{error}: the search took too long")
            continue
        was = _before(conn, wanted) if wanted.words and not wanted.owner_id and not deep else None
        p50 = statistics.median(cpu)
        report(
            case=f"{count:,} orders, {case}",
            figures={"page_p50_ms": round(p50, 1), "page_max_ms": round(max(cpu), 1)},
            baseline={"first_version_ms": round(was, 1)} if was else {},
            ratio=round(p50 / was, 3) if was else None,
            wall={"p50_ms": round(statistics.median(wall), 1), "max_ms": round(max(wall), 1)},
            rounds=ROUNDS,
            target=f"page_max_ms <= {MAX_MS}",
            met=max(cpu) <= MAX_MS,
        )
    for case, query_string in filters(count).items():
        cpu, wall = _times(lambda query=query_string: _page(client, query), backend)  # type: ignore[misc]
        report(
            case=f"{count:,} orders, filter: {case}",
            figures={"page_p50_ms": round(statistics.median(cpu), 1), "page_max_ms": round(max(cpu), 1)},
            wall={"p50_ms": round(statistics.median(wall), 1), "max_ms": round(max(wall), 1)},
            rounds=ROUNDS,
            target=f"page_max_ms <= {MAX_MS}",
            met=max(cpu) <= MAX_MS,
        )


def _times(call: Callable[[], None], backend: int, rounds: int = ROUNDS) -> tuple[list[float], list[float]]:
    """Milliseconds of CPU and elapsed, after three runs that do not count because they fill the caches."""
    cpu, wall = [], []
    for turn in range(rounds + 3):
        used, begin = _cpu(backend), time.perf_counter()
        call()
        if turn >= 3:
            wall.append((time.perf_counter() - begin) * 1000)
            cpu.append((_cpu(backend) - used) * 1000)
    return cpu, wall


def _cpu(*backends: int) -> float:
    """Seconds of CPU of this process and these backends, exact to a microsecond (Linux)."""
    used = [int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9 for pid in backends]
    return time.process_time() + sum(used)


def _before(conn: psycopg.Connection, wanted: Filter) -> float:
    """Milliseconds of CPU of the better of two runs of the first version, 20 s each at most."""
    values = {"words": wanted.words, "status": wanted.status}
    times = []
    for _ in range(2):
        begin = _cpu(conn.info.backend_pid)
        with contextlib.suppress(QueryCanceled):
            conn.execute(BEFORE, values, prepare=False)
        times.append((_cpu(conn.info.backend_pid) - begin) * 1000)
    return min(times)


def _signed_in(app: Flask) -> FlaskClient:
    client = app.test_client()
    with client.session_transaction() as session:
        session.update(_user_id="2", _fresh=True, **sessions.new(86_400))
    return client


def _page(client: FlaskClient, query: dict[str, Any] | str) -> None:
    response = client.get("/orders", query_string=query)
    if response.status_code != 200:
        raise Refused(f"answered {response.status_code}")


def _measure_writes(url: str, count: int) -> None:
    found: dict[str, dict[str, list[float]]] = {"now": {}, "before": {}}
    for turn in range(WRITE_ROUNDS):
        for version in ("now", "before") if turn % 2 else ("before", "now"):
            with psycopg.connect(url) as conn:
                for statement in WITHOUT if version == "before" else ():
                    conn.execute(statement)
                for what, us in _write(conn).items():
                    found[version].setdefault(what, []).append(us)
                conn.rollback()
    for what, times in found["now"].items():
        us, was = min(times), min(found["before"][what])
        report(
            case=f"{count:,} orders, {what}",
            figures={"us_per_order": round(us, 1)},
            baseline={"before_us": round(was, 1)},
            ratio=round(us / was, 2),
            rounds=WRITE_ROUNDS,
            target=f"ratio <= {MAX_SLOWER}",
            met=us / was <= MAX_SLOWER,
        )


def _write(conn: psycopg.Connection) -> dict[str, float]:
    """µs of the backend's CPU per order; for single orders the median."""

    def used() -> float:
        return _cpu(conn.info.backend_pid) - time.process_time()

    def each(statement: str) -> float:
        times = []
        for n in range(WRITES):
            begin = used()
            conn.execute(statement, {"prefix": "W", "first": n, "last": n, "number": f"W{n}"})
            times.append((used() - begin) * 1e6)
        return statistics.median(times)

    by_number = "WHERE tenant_id = 1 AND number = %(number)s"
    found = {
        "one order placed": each(INSERT),
        "one order paid": each(f"UPDATE orders SET paid_at = now() {by_number}"),
        "one order shipped": each(f"UPDATE orders SET shipped_at = now() {by_number}"),
    }
    begin = used()
    conn.execute(INSERT, {"prefix": "V", "first": 1, "last": BULK})
    return found | {f"{BULK:,} orders placed at once": (used() - begin) * 1e6 / BULK}


if __name__ == "__main__":
    run(main)
