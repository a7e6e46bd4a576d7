"""A million missed events: how long the listener takes to catch up, and in how much memory, its own and PostgreSQL's.

The baseline asks what a plain reader asks for: every row since the cursor, folded in Python. Each runs as a process of its
own on the same events; peaks are the kernel's figures, PostgreSQL's those of the one backend that worked for it, without
the buffers that it shares.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psycopg

from webapp import redis_client
from webapp.doorbell import connection
from webapp.outbox import cursor as cursors
from webapp.outbox import drain as outbox

from .stage import ROOT, Stage, report, run

EVENTS = 1_000_000
FEW_EVENTS = 10_000
TENANTS = 100
ROUNDS = 3
MIN_A_SECOND = 200_000
MAX_GROWTH = 1.2  # peak memory at a hundred times the events

# As many events as a busy day leaves: each transaction its own id, written past the triggers for speed.
_MISS = """
INSERT INTO order_events (tenant_id, order_id, type, owner_id, via, amount_minor, occurred_at)
SELECT n %% %(tenants)s + 1, n, (ARRAY['placed', 'paid', 'shipped', 'edited'])[n %% 4 + 1], n %% 1000 + 1, 'bench', 1000, now()
FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS n
"""


def main() -> None:
    with Stage() as stage:
        few, many = stage.database("few"), stage.database("many")
        for url, events in ((few, FEW_EVENTS), (many, EVENTS)):
            _miss(stage, url, events)
        small = _measure(stage, "drain", few)
        drains, naives = [], []
        for _ in range(ROUNDS):
            drains.append(_measure(stage, "drain", many))
            naives.append(_measure(stage, "naive", many))
        seconds = statistics.median(run["seconds"] for run in drains)
        plain = statistics.median(run["seconds"] for run in naives)
        last = drains[-1]
        assert last["events"] == EVENTS, last
        report(
            case=f"{EVENTS:,} missed events of {TENANTS} tenants",
            figures={
                "seconds": round(seconds, 2),
                "events_per_second": round(EVENTS / seconds),
                "signals": last["signals"],
            },
            baseline={"row_by_row_seconds": round(plain, 2), "row_by_row_peak_mb": naives[-1]["peak_mb"]},
            ratio=round(seconds / plain, 2),
            rounds=ROUNDS,
            target=f"events_per_second >= {MIN_A_SECOND}",
            met=EVENTS / seconds >= MIN_A_SECOND,
        )
        for whose in ("peak_mb", "backend_peak_mb"):
            growth = last[whose] / small[whose]
            report(
                case=f"memory of {'the listener' if whose == 'peak_mb' else 'its backend'}",
                figures={"events": EVENTS, whose: last[whose]},
                baseline={"events": FEW_EVENTS, whose: small[whose]},
                ratio=round(growth, 2),
                target=f"ratio <= {MAX_GROWTH}",
                met=growth <= MAX_GROWTH,
            )


def _miss(stage: Stage, url: str, events: int) -> None:
    """A cursor, and then so many events that it has not read, in a hundred transactions."""
    with connection.connect(url) as conn, redis_client.connect(stage.env["REDIS_URL"]) as client:
        conn.execute(
            "INSERT INTO tenants (slug, name, timezone, currency, locale)"
            " SELECT 'tenant-' || n, 'T', 'UTC', 'EUR', 'en_GB' FROM generate_series(2, %s) AS n",
            [TENANTS],
        )
        outbox.reset(conn, client)
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute("SET session_replication_role = replica")
        step = events // 100
        for first in range(0, events, step):
            conn.execute(_MISS, {"tenants": TENANTS, "first": first, "last": first + step - 1})
        conn.execute("VACUUM ANALYZE order_events")


def _measure(stage: Stage, command: str, url: str) -> dict[str, Any]:
    said = subprocess.run(
        [sys.executable, "-m", "bench.catchup", command, url, stage.env["REDIS_URL"]],
        cwd=ROOT,
        env=stage.env,
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(said.stdout)
    return found


def drain(url: str, redis_url: str) -> None:
    """One drain as the listener does it. The cursor is put back, so that the next one finds the same."""
    with connection.connect(url) as conn, redis_client.connect(redis_url) as client:
        conn.timeout_seconds = 600.0
        cursor = cursors.read_saved(conn)
        assert cursor is not None
        begin = time.perf_counter()
        drained = outbox.drain(conn, client, cursor)
        seconds = time.perf_counter() - begin
        backend = conn.info.backend_pid
        _say(seconds, backend, events=drained.events, signals=drained.signals)
        cursors.begin(conn, cursor)


def naive(url: str, _redis_url: str) -> None:
    """Every row since the cursor, folded here."""
    with connection.connect(url) as conn:
        conn.timeout_seconds = 600.0
        cursor = cursors.read_saved(conn)
        assert cursor is not None
        begin = time.perf_counter()
        tenants: dict[int, set[str]] = {}
        rows = conn.execute(
            "SELECT tenant_id, type, order_id, owner_id, recorded_at FROM order_events"
            " WHERE xid >= pg_snapshot_xmax(%s::pg_snapshot)",
            [cursor.snapshot],
        )
        for tenant_id, kind, _order, _owner, _recorded in rows:
            tenants.setdefault(tenant_id, set()).add(kind)
        _say(time.perf_counter() - begin, conn.info.backend_pid, tenants=len(tenants))


def _say(seconds: float, backend: int, **more: Any) -> None:
    peaks = {"peak_mb": _memory("self", "VmHWM"), "backend_peak_mb": _memory(str(backend), "RssAnon")}
    print(json.dumps({"seconds": seconds, **peaks, **more}))


def _memory(process: str, what: str) -> float:
    """MB. A backend is asked right after its work: what it used it has not given back to the system yet."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return round(next(int(line.split()[1]) for line in lines if line.startswith(what)) / 1024, 1)


if __name__ == "__main__":
    run(main, drain=drain, naive=naive)
