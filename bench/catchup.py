"""A million missed events: how long the listener takes to catch up, and how much memory it and PostgreSQL need.

The baseline is a plain reader, which reads every row since the cursor and coalesces them in Python. Each runs as its
own process on the same events. Peaks are the kernel's figures; PostgreSQL's is that of its one backend, without shared
buffers.
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
from webapp.outbox import drain as outbox

from .stage import ROOT, Stage, report, run

EVENTS = 1_000_000
FEW_EVENTS = 10_000
TENANTS = 100
ROUNDS = 3
MIN_PER_SECOND = 200_000
# Of the peak memory, at a hundred times the events.
MAX_GROWTH = 1.2

# The triggers are off, for speed.
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
            target=f"events_per_second >= {MIN_PER_SECOND}",
            met=EVENTS / seconds >= MIN_PER_SECOND,
        )
        for memory in ("peak_mb", "backend_peak_mb"):
            growth = last[memory] / small[memory]
            report(
                case=f"memory of {'the listener' if memory == 'peak_mb' else 'its backend'}",
                figures={"events": EVENTS, memory: last[memory]},
                baseline={"events": FEW_EVENTS, memory: small[memory]},
                ratio=round(growth, 2),
                target=f"ratio <= {MAX_GROWTH}",
                met=growth <= MAX_GROWTH,
            )


def _miss(stage: Stage, url: str, events: int) -> None:
    """Save a cursor, then insert `events` after it, in a hundred transactions."""
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
    done = subprocess.run(
        [sys.executable, "-m", "bench.catchup", command, url, stage.env["REDIS_URL"]],
        cwd=ROOT,
        env=stage.env,
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def drain(url: str, redis_url: str) -> None:
    """One drain of the listener. The cursor is reset afterwards, so that every drain reads the same events."""
    with connection.connect(url) as conn, redis_client.connect(redis_url) as client:
        conn.timeout_seconds = 600.0
        cursor = outbox.LISTENER.saved(conn)
        assert cursor is not None
        begin = time.perf_counter()
        drained = outbox.drain(conn, client, cursor)
        seconds = time.perf_counter() - begin
        backend = conn.info.backend_pid
        _print(seconds, backend, events=drained.events, signals=drained.signals)
        outbox.LISTENER.save(conn, cursor)


def naive(url: str, _redis_url: str) -> None:
    """Reads every row since the cursor, and coalesces them in Python."""
    with connection.connect(url) as conn:
        conn.timeout_seconds = 600.0
        cursor = outbox.LISTENER.saved(conn)
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
        _print(time.perf_counter() - begin, conn.info.backend_pid, tenants=len(tenants))


def _print(seconds: float, backend: int, **more: Any) -> None:
    peaks = {"peak_mb": memory("self", "VmHWM"), "backend_peak_mb": memory(str(backend), "RssAnon")}
    print(json.dumps({"seconds": seconds, **peaks, **more}))


def memory(process: str, what: str) -> float:
    """MB. A backend is measured right after its work, before it returns memory to the system."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return round(next(int(line.split()[1]) for line in lines if line.startswith(what)) / 1024, 1)


if __name__ == "__main__":
    run(main, drain=drain, naive=naive)
