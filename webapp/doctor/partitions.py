"""Check of the partitions of order_events: this month and the next exist, and the default partition is empty."""

from __future__ import annotations

from collections.abc import Iterator

from .finding import Finding, fault, ok, warn
from .system import System

COUNT_LIMIT = 10_000

_MONTHS = """
SELECT to_char(month, 'YYYY-MM') AS month, EXISTS (
           SELECT FROM order_events_partitions() p
           WHERE p.begins <= month AT TIME ZONE 'UTC' AND p.ends > month AT TIME ZONE 'UTC') AS made
FROM generate_series(0, 1) AS ahead
CROSS JOIN LATERAL (
    SELECT date_trunc('month', now() AT TIME ZONE 'UTC') + make_interval(months => ahead) AS month) AS wanted
"""
_DEFAULT = """
SELECT count(*) AS events, to_char(min(recorded_at), 'YYYY-MM-DD') AS first, to_char(max(recorded_at), 'YYYY-MM-DD') AS last
FROM (SELECT recorded_at FROM order_events_default LIMIT %(limit)s) AS held
"""
_START = "Start Celery's worker and beat, or by hand: SELECT order_events_make_partitions(2);"


def check(system: System) -> Iterator[Finding]:
    months = system.rows(_MONTHS)
    for month in months:
        if not month["made"]:
            yield fault(f"{month['month']} has no partition; its events go to order_events_default", _START)
    (default,) = system.rows(_DEFAULT, {"limit": COUNT_LIMIT + 1})
    if default["events"]:
        count = f"more than {COUNT_LIMIT:,}" if default["events"] > COUNT_LIMIT else f"{default['events']:,}"
        yield warn(
            f"order_events_default holds {count} events, from {default['first']} to {default['last']}: their month had no "
            "partition in time",
            "They are read like all others and dropped by the retention; until then their months get no partition. Check that "
            "Celery's worker and beat run, so that the next months get theirs.",
        )
    yield ok(f"{' and '.join(month['month'] for month in months)} have a partition; order_events_default is empty")
