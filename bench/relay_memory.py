"""The memory of a relay worker over a long history. It may not grow with the number of events that it relays."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from typing import Any

import psycopg

from tests.support.brokers.broker import running
from tests.support.brokers.redis_server import RedisServer
from webapp.config import Config
from webapp.relay.worker import RelayWorker

from .catchup import memory
from .relay_setup import ALLOW, new_name, number_of, relay_on
from .stage import ROOT, Stage, report

FEW_EVENTS = 10_000
DEFAULT_EVENTS = 100_000
FULL_EVENTS = 1_000_000
# Of the peak memory.
MAX_GROWTH = 1.1
ORDERS = 1_000
_BATCH = 50_000

_ORDERS = """
INSERT INTO orders (tenant_id, number, customer, currency, total_minor)
SELECT 1, 'B-' || n, 'Customer ' || n, 'EUR', 1000 FROM generate_series(1, %s) AS n
"""
# As the trigger writes them, but without it, for speed.
_EVENTS = """
INSERT INTO order_events (tenant_id, order_id, type, via, amount_minor, old_values, new_values, occurred_at)
SELECT 1, n %% %(orders)s + 1, 'paid', 'bench', 1000, '{"status": "placed"}', '{"status": "paid"}', now()
FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS n
"""


def measure(stage: Stage) -> None:
    """Print the line. RELAY_MEMORY_EVENTS is the number of events."""
    events = number_of("RELAY_MEMORY_EVENTS", DEFAULT_EVENTS)
    few, many = _relayed(stage, "few", FEW_EVENTS), _relayed(stage, "many", events)
    growth = many["peak_mb"] / few["peak_mb"]
    report(
        case=f"memory of the relay over {events:,} events",
        figures={"peak_mb": many["peak_mb"], "seconds": many["seconds"], "events": events},
        baseline={"peak_mb": few["peak_mb"], "events": FEW_EVENTS},
        ratio=round(growth, 2),
        full_number=None if events >= FULL_EVENTS else f"with RELAY_MEMORY_EVENTS={FULL_EVENTS}",
        target=f"ratio <= {MAX_GROWTH}",
        met=growth <= MAX_GROWTH,
    )


def _relayed(stage: Stage, database: str, events: int) -> dict[str, Any]:
    url, name = stage.database(f"memory_{database}"), new_name()
    _write(url, events)
    with running(RedisServer) as server:
        with relay_on(stage, url) as relay:
            destination = relay.add(name, f"{server.url}?stream={name}&maxlen=1000", start="beginning")
        command = [sys.executable, "-m", "bench.relay", "memory", str(destination.id)]
        env = stage.env | {"DATABASE_URL": url, "WEBHOOK_ALLOW": ALLOW}
        done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=True)
        with relay_on(stage, url) as relay:
            assert relay.sent(name) == events, (relay.sent(name), events, done.stderr)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _write(url: str, events: int) -> None:
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute(_ORDERS, [ORDERS])
        conn.execute("DELETE FROM order_events")
        conn.execute("SET session_replication_role = replica")
        for first in range(1, events + 1, _BATCH):
            last = min(first + _BATCH - 1, events)
            conn.execute(_EVENTS, {"orders": ORDERS, "first": first, "last": last})
        conn.execute("VACUUM ANALYZE order_events")


def relay(destination_id: str) -> None:
    """The relay's process: relays everything, and prints its peak memory."""
    worker, began = RelayWorker(Config.from_env(os.environ)), time.perf_counter()
    while worker.run(int(destination_id)):
        pass
    print(json.dumps({"seconds": round(time.perf_counter() - began, 1), "peak_mb": memory("self", "VmHWM")}))
    worker.close()
