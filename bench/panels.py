"""The time of each panel's query at 100,000, 1,000,000 and 10,000,000 orders, with 1,000 and 100,000 orders per day, and at
1,000,000 orders with 10,000 per day.

The panels read today and yesterday, so a busy database has 100,000 orders on those two days only. Figures are those of
the web process's own session, which plans each statement for its values. The baseline is the default of psycopg and
PostgreSQL: after some runs a statement is prepared, with a plan for any values. Both run in turn; the runs before the
plan is final do not count.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from webapp.db import db
from webapp.history.report import read as report_of
from webapp.history.request import HistoryRequest
from webapp.models import Tenant, User
from webapp.panels.registry import PANELS
from webapp.queries import inbox, order_page

from .many_orders import BUSY_PER_DAY, COUNTS, PER_DAY, STEADY_COUNT, STEADY_PER_DAY, ManyOrders
from .stage import report, run

ROUNDS = 9
# Runs before the plan is final: psycopg prepares at the sixth, and PostgreSQL may keep a plan five runs later.
WARM_UP = 12
MAX_MS = {PER_DAY: 50, STEADY_PER_DAY: 20, BUSY_PER_DAY: 500}
SESSIONS = {"custom": None, "prepared": 5}  # psycopg's prepare_threshold


def main() -> None:
    with ManyOrders() as many:
        _measure(many, STEADY_COUNT, STEADY_PER_DAY)
        for count in COUNTS:
            for per_day in (PER_DAY, BUSY_PER_DAY):
                _measure(many, count, per_day)


def _measure(many: ManyOrders, count: int, per_day: int) -> None:
    app = many.app(many.database(count, busy=per_day == BUSY_PER_DAY, steady=per_day == STEADY_PER_DAY))
    with app.app_context():
        _measure_all(count, per_day)
        db.engine.dispose()


def _measure_all(count: int, per_day: int) -> None:
    now = datetime.now(UTC)
    tenant, user = db.session.get_one(Tenant, 1), db.session.get_one(User, 1)
    number = str(count - 1)
    reads: dict[str, Callable[[], object]] = {
        name: lambda panel=panel: panel.read(tenant, now)  # type: ignore[misc]
        for name, panel in PANELS.items()
    }
    reads["inbox, 100,000 unread"] = lambda: inbox.read(tenant, now, user)
    for group in ("none", "owner", "product"):
        asked = HistoryRequest(preset="year", by="month", group=group, compare="year")
        reads[f"history of a year, {group}"] = lambda asked=asked: report_of(tenant, now, asked)  # type: ignore[misc]
    reads["order page"] = lambda: order_page.read(tenant, number)
    db.session.expunge_all()
    db.session.rollback()
    for name, read in reads.items():
        times = {session: _times(read, threshold) for session, threshold in SESSIONS.items()}
        custom, prepared = (statistics.median(times[session]) for session in SESSIONS)
        report(
            case=f"{count:,} orders, {per_day:,} per day: {name}",
            figures={"p50_ms": round(custom, 1), "max_ms": round(max(times["custom"]), 1)},
            baseline={"prepared_p50_ms": round(prepared, 1)},
            ratio=round(custom / prepared, 2),
            rounds=ROUNDS,
            target=f"p50_ms <= {MAX_MS[per_day]}",
            met=custom <= MAX_MS[per_day],
        )


def _times(read: Callable[[], object], threshold: int | None) -> list[float]:
    """Milliseconds of each run, all on one new connection."""
    db.engine.dispose()
    times = []
    for turn in range(WARM_UP + ROUNDS):
        driver: Any = db.session.connection().connection.driver_connection
        driver.prepare_threshold = threshold
        begin = time.perf_counter()
        read()
        if turn >= WARM_UP:
            times.append((time.perf_counter() - begin) * 1000)
        db.session.rollback()
    return times


if __name__ == "__main__":
    run(main)
