"""The price of an attached table for the company's own writers: commits per second and a bulk update, with and without.

Turns with and without triggers alternate, so that a busy machine slows both. ATTACH_ROUNDS, ATTACH_SECONDS and ATTACH_BULK_ROWS
set the number of turns, their length and the rows of the bulk update.
"""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg

from webapp.attach import attachments, backfill, catalog, check, detach, install, proposal
from webapp.attach.proposal import Wish
from webapp.launcher.cluster import PG_BIN
from webapp.postgres import session

from .stage import Stage, report, run

WRITERS = 4
ROWS = 20_000
TABLE = """
CREATE SCHEMA shop;
CREATE TABLE shop.orders (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, order_number text, customer_name text, total numeric(12, 2),
    created_at timestamptz NOT NULL DEFAULT now(), paid_at timestamptz, note text
);
CREATE INDEX ON shop.orders (created_at);
"""
FILL = """
INSERT INTO shop.orders (order_number, customer_name, total, created_at)
SELECT 'S' || n, 'Customer ' || n % 5000, n % 900 + 1, now() - n * interval '1 minute' FROM generate_series(1, {rows}) AS n
"""
# pgbench's scripts: a writer of new orders, one that pays, and one of a column that the board does not show.
SCRIPTS = {
    "insert": "INSERT INTO shop.orders (order_number, customer_name, total) VALUES (gen_random_uuid()::text, 'New', 12.5);",
    "update": "\\set id random(1, {rows})\nUPDATE shop.orders SET total = total + 1, paid_at = now() WHERE id = :id;",
    "update of another column": "\\set id random(1, {rows})\nUPDATE shop.orders SET note = 'x' WHERE id = :id;",
}


@dataclass(frozen=True)
class Sizes:
    """Turns per case, their seconds, and the rows of the bulk update."""

    rounds: int
    seconds: int
    bulk_rows: int


def main() -> None:
    sizes = Sizes(*(int(os.environ.get(f"ATTACH_{name}", default)) for name, default in _DEFAULTS.items()))
    with Stage() as stage:
        url = stage.database("attach")
        stage.execute(url, TABLE + FILL.format(rows=ROWS))
        # With the listener, as in production: while it is awake, writers do not ring.
        with stage.listener(url):
            for case, script in SCRIPTS.items():
                _commits(stage, url, case, script.format(rows=ROWS), sizes)
        bulk = stage.database("attach_bulk")
        stage.execute(bulk, TABLE + FILL.format(rows=sizes.bulk_rows))
        _bulk(bulk, sizes)


_DEFAULTS = {"ROUNDS": 5, "SECONDS": 5, "BULK_ROWS": 1_000_000}


def _commits(stage: Stage, url: str, case: str, script: str, sizes: Sizes) -> None:
    path = stage.directory / "attach.sql"
    path.write_text(script)
    rates: dict[bool, list[float]] = {False: [], True: []}
    for turn in range(sizes.rounds):
        for attached in (False, True) if turn % 2 else (True, False):
            with _attached(url) if attached else _bare(url):
                rates[attached].append(_pgbench(stage, url, path, sizes.seconds))
    ratio = statistics.median(one / other for one, other in zip(rates[True], rates[False], strict=True))
    report(
        case=f"commits per second, {WRITERS} writers, {case}",
        figures={"attached": round(statistics.median(rates[True]))},
        baseline={"not_attached": round(statistics.median(rates[False]))},
        ratio=round(ratio, 2),
        rounds=sizes.rounds,
    )


def _bulk(url: str, sizes: Sizes) -> None:
    """One UPDATE of all rows, once of a column that the board shows and once of another; then the backfill's own figures."""
    with session.connect(url, "bench attach", autocommit=True) as conn:
        bare = {column: _timed(conn, _set(column)) for column in ("total", "note")}
        begin = time.perf_counter()
        with _attached(url):
            copied = time.perf_counter() - begin
            (attachment,) = attachments.every(conn)
            begin = time.perf_counter()
            check.run(conn, attachment)
            checked = time.perf_counter() - begin
            for column in ("note", "total"):
                seconds = _timed(conn, _set(column))
                # The board's own part of the work: indexes, events.
                alone = _timed(conn, "UPDATE orders SET total_minor = total_minor + 1") if column == "total" else None
                which = "a column of the board" if column == "total" else "another column"
                report(
                    case=f"one UPDATE of {sizes.bulk_rows:,} rows, {which}",
                    figures={"attached_seconds": round(seconds, 1)}
                    | ({} if alone is None else {"orders_alone_seconds": round(alone, 1)}),
                    baseline={"not_attached_seconds": round(bare[column], 1)},
                    ratio=round(seconds / bare[column], 1),
                )
            report(
                case=f"backfill and check of {sizes.bulk_rows:,} rows",
                figures={
                    "copied_rows_per_second": round(sizes.bulk_rows / copied),
                    "checked_rows_per_second": round(sizes.bulk_rows / checked),
                    "problems": _count(conn, "attach_problems"),
                },
                baseline={},
            )


def _set(column: str) -> str:
    return f"UPDATE shop.orders SET {column} = {column} {'+ 1' if column == 'total' else '|| chr(120)'}"


def _timed(conn: psycopg.Connection, statement: str) -> float:
    conn.execute("VACUUM ANALYZE shop.orders")
    begin = time.perf_counter()
    conn.execute(statement.encode())
    return time.perf_counter() - begin


def _count(conn: psycopg.Connection, table: str) -> int:
    row = conn.execute(f"SELECT count(*) FROM {table}".encode()).fetchone()
    assert row is not None
    return int(row[0])


@contextmanager
def _attached(url: str) -> Iterator[None]:
    """The table attached and copied; detached with its orders at the end, so that the next turn begins alike."""
    with session.connect(url, "bench attach", autocommit=True) as conn:
        row = conn.execute("SELECT id FROM tenants").fetchone()
        assert row is not None
        target = proposal.propose(conn, catalog.find(conn, "shop.orders"), row[0], Wish({}, {}, {})).target
        install.install(conn, target, "bench")
        backfill.run(conn, target)
        conn.execute("CHECKPOINT")
        yield
        (attachment,) = attachments.every(conn)
        detach.run(conn, attachment, keep_orders=False)


@contextmanager
def _bare(url: str) -> Iterator[None]:
    with session.connect(url, "bench attach", autocommit=True) as conn:
        conn.execute("CHECKPOINT")
    yield


def _pgbench(stage: Stage, url: str, script: object, seconds: int) -> float:
    command = [PG_BIN / "pgbench", "-n", "-M", "prepared", "-f", script, "-c", str(WRITERS), "-T", str(seconds)]
    done = subprocess.run([*map(str, command), url], env=stage.env, capture_output=True, text=True, check=True)
    found = re.search(r"tps = ([\d.]+)", done.stdout)
    assert found, done.stdout + done.stderr
    return float(found[1])


if __name__ == "__main__":
    run(main)
