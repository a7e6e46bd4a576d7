"""Check for orders that their events do not explain, the newest orders first, for some seconds."""

from __future__ import annotations

import random
import time
from collections import deque
from collections.abc import Iterator, Sequence
from itertools import groupby

import psycopg

from ..reconciliation import chunks, missing_events
from ..reconciliation.missing_events import MissingEvent
from .finding import Finding, fault, ok, warn
from .system import System

# All orders of a large table would take minutes; `flask orders reconcile --dry-run` takes them.
MAX_SECONDS = 4.0
# Then enough is known.
MAX_FOUND = 1_000
SHOWN = 3

_TENANTS = "SELECT id FROM tenants"
_COUNT = "SELECT count(*) FROM orders WHERE tenant_id = %s AND id >= %s AND id < %s"
_ADVICE = (
    "A trigger did not fire (logical replication, pg_restore --disable-triggers, session_replication_role = replica, "
    "DISABLE TRIGGER). Write the events: flask orders reconcile"
)


def check(system: System) -> Iterator[Finding]:
    try:
        with system.postgresql() as conn:
            found, compared, is_complete = _compare(conn)
    except psycopg.errors.QueryCanceled:
        yield warn(
            "PostgreSQL is too slow to compare orders with their events",
            "Compare them without a time limit: flask orders reconcile --dry-run",
        )
        return
    if found:
        orders = [_described(missing) for missing in found[:SHOWN]]
        count = f"{len(found):,}{'' if is_complete else ' or more'} order{'' if len(found) == 1 else 's'}"
        more = ", …" if len(found) > SHOWN else ""
        yield fault(f"{count} that their events do not explain: {', '.join(orders)}{more}", _ADVICE)
    yield ok(
        "the events explain every order"
        if is_complete
        else f"the events explain the newest {compared:,} orders; flask orders reconcile --dry-run compares all"
    )


def _compare(conn: psycopg.Connection) -> tuple[list[list[MissingEvent]], int, bool]:
    """The missing events by order, the number of orders compared, and whether these are all."""
    tenants = [row[0] for row in conn.execute(_TENANTS)]
    # Many tenants do not all fit in the time, so each run begins with others.
    random.shuffle(tenants)
    walks = deque(chunks.newest_first(conn, tenant_id) for tenant_id in tenants)
    found: list[list[MissingEvent]] = []
    compared, deadline = 0, time.monotonic() + MAX_SECONDS
    while walks and len(found) < MAX_FOUND and time.monotonic() < deadline:
        walk = walks.popleft()
        chunk = next(walk, None)
        if chunk is None:
            continue
        missing = missing_events.find(conn, chunk)
        found += [list(events) for _, events in groupby(missing, lambda event: event.order_id)]
        row = conn.execute(_COUNT, [chunk.tenant_id, chunk.low, chunk.high]).fetchone()
        compared += row[0] if row else 0
        walks.append(walk)
    return found, compared, not walks


def _described(missing: Sequence[MissingEvent]) -> str:
    """`1042 (paid, shipped)`."""
    return f"{missing[0].number or f'id {missing[0].order_id}'} ({', '.join(event.type for event in missing)})"
