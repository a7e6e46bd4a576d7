"""A dead endpoint with 100,000 waiting deliveries costs no more to look after than one with a few."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
import pytest

from webapp.relay import deliveries, delivery_requests
from webapp.relay.destinations import Destination
from webapp.relay.webhook_outlet import READ_DELIVERIES

from ..support.relay import Relay
from ..support.webhooks import HOOK
from ..support.world import World

WAITING = 100_000
# Of 8 KiB. The rows and the indexes have thousands.
MAX_PAGES = 60

_INSERT = """
INSERT INTO webhook_deliveries (destination_id, tenant_id, order_id, event_id, type, message_id, body, next_at, is_blocked)
SELECT %(destination)s, 1, n %% %(orders)s, n, 'paid', 'm' || n, '{}', now() + %(wait)s::interval, n > %(orders)s
FROM generate_series(1, %(waiting)s) n
"""


def pages(conn: psycopg.Connection, statement: str, values: Mapping[str, Any] | Sequence[Any]) -> int:
    """The pages that a statement reads."""
    plan = conn.execute(f"EXPLAIN (ANALYZE, BUFFERS) {statement}".encode(), values).fetchall()
    lines = [row[0] for row in plan]
    found = re.search(r"Buffers: shared(?: hit=(\d+))?(?: read=(\d+))?", "\n".join(lines))
    assert found, lines
    return sum(int(number or 0) for number in found.groups())


def add_waiting(relay: Relay, waiting: int, orders: int, wait: str) -> Destination:
    hook = relay.add(HOOK, "http://127.0.0.1:9/")
    values = {"destination": hook.id, "orders": orders, "wait": wait, "waiting": waiting}
    relay.conn.execute(_INSERT, values)
    return hook


@pytest.mark.parametrize(("orders", "wait"), [(WAITING, "1 hour"), (WAITING, "-1 hour"), (100, "1 hour")])
def test_the_next_deliveries_are_found_in_a_few_pages(
    relay: Relay, world: World, acme: int, orders: int, wait: str
) -> None:
    """Of many orders or of few, later or due at once; with the statistics of an empty table, and with new ones."""
    hook = add_waiting(relay, WAITING, orders, wait)
    due = {"destination": hook.id, "limit": READ_DELIVERIES, "without": list(range(32))}
    for _statistics in ("old", "new"):
        assert pages(relay.conn, deliveries._DUE, due) <= MAX_PAGES + READ_DELIVERIES
        assert pages(relay.conn, deliveries._NEXT, [hook.id]) <= MAX_PAGES
        assert pages(relay.conn, deliveries._UNBLOCK_NEXT, [[1, 2, 3]]) <= MAX_PAGES
        relay.conn.execute("ANALYZE webhook_deliveries")


def test_skipping_all_that_waits_leaves_nothing_blocked(relay: Relay, world: World, acme: int) -> None:
    hook = add_waiting(relay, 1000, 10, "1 hour")
    assert deliveries.seconds_to_next(relay.conn, hook.id) is not None
    assert delivery_requests.skip_waiting(relay.conn, hook.id, "test") == 1000
    assert deliveries.seconds_to_next(relay.conn, hook.id) is None
