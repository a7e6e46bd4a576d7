"""What each panel's query takes at 100,000, 1,000,000 and 10,000,000 orders, with a thousand and a hundred thousand a day.

The panels read today and yesterday, so in a busy database those two days alone have a hundred thousand each. Figures are those
of the web process's own session, which plans each statement for the values at hand. The baseline is the session as psycopg
and PostgreSQL leave it: after some runs a statement is prepared, and its plan is made for any values. Both run in turn; the
runs before the plan is settled do not count.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from webapp.db import db
from webapp.models import Tenant, User
from webapp.panels.registry import PANELS
from webapp.queries import inbox, order_page

from .many_orders import BUSY_PER_DAY, COUNTS, PER_DAY, ManyOrders
from .stage import report, run

ROUNDS = 9
SETTLED = 12  # runs; psycopg prepares at the sixth, PostgreSQL may keep a plan five later
MAX_MS = {PER_DAY: 50, BUSY_PER_DAY: 500}
SESSIONS = {"custom": None, "prepared": 5}  # psycopg's prepare_threshold


def main() -> None:
    with ManyOrders() as many:
        for count in COUNTS:
            for per_day in (PER_DAY, BUSY_PER_DAY):
                app = many.app(many.database(count, busy=per_day == BUSY_PER_DAY))
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
    reads["the page of an order"] = lambda: order_page.read(tenant, number)
    db.session.expunge_all()
    db.session.rollback()
    for name, read in reads.items():
        times = {way: _times(read, threshold) for way, threshold in SESSIONS.items()}
        custom, prepared = (statistics.median(times[way]) for way in SESSIONS)
        report(
            case=f"{count:,} orders, {per_day:,} a day: {name}",
            figures={"p50_ms": round(custom, 1), "max_ms": round(max(times["custom"]), 1)},
            baseline={"prepared_p50_ms": round(prepared, 1)},
            ratio=round(custom / prepared, 2),
            rounds=ROUNDS,
            target=f"p50_ms <= {MAX_MS[per_day]}",
            met=custom <= MAX_MS[per_day],
        )


def _times(read: Callable[[], object], threshold: int | None) -> list[float]:
    """Milliseconds, all on one new connection."""
    db.engine.dispose()
    times = []
    for turn in range(SETTLED + ROUNDS):
        driver: Any = db.session.connection().connection.driver_connection
        driver.prepare_threshold = threshold
        begin = time.perf_counter()
        read()
        if turn >= SETTLED:
            times.append((time.perf_counter() - begin) * 1000)
        db.session.rollback()
    return times


if __name__ == "__main__":
    run(main)
