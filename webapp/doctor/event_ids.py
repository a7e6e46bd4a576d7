"""Check of the sequence of event ids: one number at a time and upwards, so that ids have the order of an order's commits."""

from __future__ import annotations

from collections.abc import Iterator

from .finding import Finding, fault, ok
from .system import System

_STATE = """
SELECT s.seqrelid::regclass::text AS name, s.seqcache AS cache, s.seqcycle AS cycles, s.seqincrement AS step,
       pg_sequence_last_value(s.seqrelid) AS last, (SELECT max(id) FROM order_events) AS newest
FROM pg_sequence s WHERE s.seqrelid = pg_get_serial_sequence('order_events', 'id')::regclass
"""


def check(system: System) -> Iterator[Finding]:
    rows = system.rows(_STATE)
    if not rows:
        yield fault(
            "order_events.id has no sequence",
            "ALTER TABLE order_events ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY; then run flask doctor again.",
        )
        return
    (row,) = rows
    for wrong, seen, change in (
        (
            row["cache"] != 1,
            f"CACHE {row['cache']}: sessions reserve ids ahead, and later commits get lower ids",
            "CACHE 1",
        ),
        (row["cycles"], "CYCLE: ids would start again", "NO CYCLE"),
        (row["step"] != 1, f"INCREMENT {row['step']}", "INCREMENT 1"),
    ):
        if wrong:
            yield fault(f"{row['name']} has {seen}", f"ALTER SEQUENCE {row['name']} {change};")
    if row["newest"] is not None and (row["last"] or 0) < row["newest"]:
        yield fault(
            f"{row['name']} is at {row['last']}, and the newest event is {row['newest']}: ids will be used twice",
            f"SELECT setval('{row['name']}', {row['newest']});",
        )
    yield ok(f"{row['name']} returns one id at a time")
