"""A new time zone counts all hours of a tenant again: orders per second of a rebuild of the rollups.

A tenant has 100,000 or 1,000,000 orders, 1,000 per day, without lines. The baseline is one statement that counts the same
orders by local hour and salesperson, and writes nothing. The page of the workspace tells a manager how long a rebuild takes
(SECONDS_PER_ORDER in webapp/rollups/rebuilds.py).
"""

from __future__ import annotations

import time

import psycopg

from webapp.postgres import session
from webapp.rollups import refresh

from .many_orders import COUNTS, ManyOrders
from .stage import report, run

MIN_PER_SECOND = 8_000  # a million orders in two minutes
PLAIN = """
SELECT count(*) FROM (
    SELECT date_trunc('hour', placed_at AT TIME ZONE 'America/New_York'), owner_id, count(*), sum(total_minor)
    FROM orders GROUP BY 1, 2
    UNION ALL
    SELECT date_trunc('hour', paid_at AT TIME ZONE 'America/New_York'), owner_id, count(*), sum(total_minor)
    FROM orders GROUP BY 1, 2
) AS counted"""


def main() -> None:
    with ManyOrders() as many:
        for count in COUNTS[:2]:
            _measure(many.database(count), count)


def _measure(url: str, count: int) -> None:
    with session.connect(url, "doorbell bench", autocommit=True) as conn:
        conn.execute("UPDATE tenants SET timezone = 'America/New_York'")
        plain = _seconds_of_count(conn)
        began = time.perf_counter()
        refresh.rebuild_tenant(conn, 1, lambda _done, _total: None, lambda: None)
        seconds = time.perf_counter() - began
    report(
        case=f"{count:,} orders",
        figures={"seconds": round(seconds, 1), "orders_per_second": round(count / seconds)},
        baseline={"seconds": round(plain, 1)},
        ratio=round(seconds / plain, 1),
        target=f"orders_per_second >= {MIN_PER_SECOND:,}",
        met=count / seconds >= MIN_PER_SECOND,
    )


def _seconds_of_count(conn: psycopg.Connection) -> float:
    began = time.perf_counter()
    conn.execute(PLAIN)
    return time.perf_counter() - began


if __name__ == "__main__":
    run(main)
