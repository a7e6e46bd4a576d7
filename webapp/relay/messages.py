"""Events as messages: with their tenant's slug, and their order's number and currency at present."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
import psycopg

from ..outbox.diff import OutboxEvent
from .arrays import array_text
from .message import Message

_TENANTS = "SELECT id, slug FROM tenants WHERE id = ANY (%s::bigint[])"
_ORDERS = "SELECT id, number, currency FROM orders WHERE tenant_id = ANY (%s::bigint[]) AND id = ANY (%s::bigint[])"


def messages_of(
    conn: psycopg.Connection[Any],
    events: Sequence[OutboxEvent],
    next_sequence: int,
    incarnation: int,
    replay: str | None = None,
) -> list[Message]:
    """A message per event, numbered from `next_sequence` on. The event of a tenant deleted meanwhile gets none."""
    tenant_ids = array_text({event.tenant_id for event in events})
    slugs = dict(conn.execute(_TENANTS, [tenant_ids]).fetchall())
    rows = conn.execute(_ORDERS, [tenant_ids, array_text({event.order_id for event in events})]).fetchall()
    orders = {order_id: (number, currency) for order_id, number, currency in rows}
    known = [event for event in events if event.tenant_id in slugs]
    return Message.of_page(known, [_order(event, slugs, orders) for event in known], next_sequence, incarnation, replay)


def _order(
    event: OutboxEvent, slugs: Mapping[int, str], orders: Mapping[int, tuple[str | None, str | None]]
) -> tuple[str, str | None, str | None]:
    """The tenant, the number and the currency of an event's order."""
    found = orders.get(event.order_id)
    number, currency = (_last_number(event.old_values), None) if found is None else found
    return slugs[event.tenant_id], number, currency


def _last_number(old_values: str | None) -> str | None:
    """The number of a deleted order, which its last event has."""
    number: str | None = orjson.loads(old_values or "{}").get("number")
    return number
