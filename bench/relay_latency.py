"""The time from COMMIT to the acknowledgement, with the Procfile's listener and relay worker.

It ends when the relay begins the transaction that saves the acknowledgement; for a webhook, the answer.
"""

from __future__ import annotations

import statistics
import time
from typing import Any

import psycopg

from webapp.relay.address import WEBHOOK
from webapp.relay.destinations import Destination

from .relay_bare import KINDS, Bare, bare_producer, why_missing
from .relay_setup import RelayOnStage, new_name, number_of, publish, running_relay, wait_until
from .relay_webhooks import receiver
from .stage import Stage, report

CHANGES_PER_SECOND = 100
MAX_P50_MS = 150
# Measured after these.
WARM_UP_CHANGES = 100
CATCH_UP_SECONDS = 60.0
BARE_MESSAGES = 50

_PLACE = """
INSERT INTO orders (tenant_id, number, customer, currency, total_minor)
VALUES (1, gen_random_uuid()::text, 'Bench', 'EUR', 1000) RETURNING id
"""
_ACKNOWLEDGED = """
SELECT e.order_id, extract(epoch FROM r.acknowledged_at)::float8
FROM relay_receipts r, unnest(r.event_ids) AS acknowledged JOIN order_events e ON e.id = acknowledged
WHERE r.destination_id = %s
"""
_DELIVERED = """
SELECT order_id, extract(epoch FROM done_at)::float8 FROM webhook_deliveries
WHERE destination_id = %s AND state = 'delivered'
"""


def measure(stage: Stage, kinds: list[str]) -> None:
    """Print a line per kind of destination."""
    with running_relay(stage, stage.database("latency")) as relay:
        for kind in kinds:
            if kind == WEBHOOK:
                with receiver(stage) as url:
                    _measure(relay, kind, url)
            elif kind in KINDS and why_missing(kind) is None:
                with bare_producer(kind) as bare:
                    _measure(relay, kind, bare.make(new_name()), bare)


def _measure(relay: RelayOnStage, kind: str, url: str, bare: Bare | None = None) -> None:
    name, changes = new_name(), CHANGES_PER_SECOND * number_of("RELAY_SECONDS", 10)
    destination = relay.add(name, url)
    publish(relay)
    _write(relay.config.database_url, WARM_UP_CHANGES)
    wait_until(lambda: relay.sent(name) == WARM_UP_CHANGES, CATCH_UP_SECONDS)
    baseline = _bare_p50_ms(relay, bare) if bare else None
    commits = _write(relay.config.database_url, changes)
    wait_until(lambda: relay.sent(name) == WARM_UP_CHANGES + changes, CATCH_UP_SECONDS)
    times = _acknowledged(relay.conn, destination, _DELIVERED if kind == WEBHOOK else _ACKNOWLEDGED)
    relay.remove(name)
    publish(relay)
    cuts = statistics.quantiles([(times[order] - sent) * 1000 for order, sent in commits.items()], n=100)
    report(
        case=f"{kind}: COMMIT to acknowledgement, {CHANGES_PER_SECOND} changes per second",
        figures={"p50_ms": round(cuts[49], 1), "p99_ms": round(cuts[98], 1), "commits": len(commits)},
        baseline=None if baseline is None else {"bare_p50_ms_of_one_message": round(baseline, 1)},
        target=f"p50_ms <= {MAX_P50_MS}",
        met=cuts[49] <= MAX_P50_MS,
    )


def _bare_p50_ms(relay: RelayOnStage, bare: Bare) -> float:
    """The median time of a bare producer for one message and its acknowledgement."""
    name, seconds = new_name(), []
    bare.make(name)
    for message in relay.messages()[:BARE_MESSAGES]:
        prepared, began = bare.prepare(name, message), time.perf_counter()
        bare.send([prepared])
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds) * 1000


def _write(url: str, changes: int) -> dict[int, float]:
    """Commit changes at the rate. Returns when COMMIT was sent, by order."""
    commits: dict[int, float] = {}
    with psycopg.connect(url) as conn:
        begin = time.time()
        for n in range(changes):
            time.sleep(max(0.0, begin + n / CHANGES_PER_SECOND - time.time()))
            row = conn.execute(_PLACE).fetchone()
            assert row is not None
            commits[row[0]] = time.time()
            conn.commit()
    return commits


def _acknowledged(conn: psycopg.Connection[Any], destination: Destination, statement: str) -> dict[int, float]:
    """When each order's event was acknowledged, in seconds since 1970."""
    return dict(conn.execute(statement, [destination.id]).fetchall())
