"""Check for refunds without an event: the order has them, but revenue does not count them."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg

from ..orders import missing_refunds
from .finding import Finding, fault, ok, warn
from .system import System

# The highest number of orders that is counted.
LIMIT = 1000
SHOWN = 3


def check(system: System) -> Iterator[Finding]:
    try:
        with system.postgresql() as conn:
            found = missing_refunds.find(conn, LIMIT + 1)
    except psycopg.errors.QueryCanceled:
        yield warn(
            "too many refunds to compare within some seconds",
            "Compare them without a time limit: flask orders reconcile --dry-run",
        )
        return
    if found:
        count = f"more than {LIMIT:,}" if len(found) > LIMIT else f"{len(found):,}"
        named = ", ".join(missing.number for missing in found[:SHOWN]) + (", …" if len(found) > SHOWN else "")
        yield fault(
            f"{count} order{'' if len(found) == 1 else 's'} with refunds without an event, so revenue does not count "
            f"them: {named}",
            "A trigger did not fire (logical replication, pg_restore --disable-triggers, DISABLE TRIGGER). "
            "Write the events: flask orders reconcile",
        )
    yield ok("every refund has its event")
