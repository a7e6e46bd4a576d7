"""The signals that were published for a tenant, as Redis keeps them."""

from __future__ import annotations

from typing import Any, cast

import redis

from webapp.signals import publisher, signal_log
from webapp.signals.signal import Signal


def published(client: redis.Redis, tenant_id: int) -> list[Signal]:
    """All signals in the tenant's log, oldest first."""
    entries = cast(Any, client.xrange(publisher.log_key(tenant_id)))
    return [Signal.parse(fields[b"signal"], signal_log.entry_seq(entry_id)) for entry_id, fields in entries]


def topics(client: redis.Redis, tenant_id: int) -> dict[str, set[int]]:
    """Each topic in the tenant's log, with all ids that came with it."""
    found: dict[str, set[int]] = {}
    for signal in published(client, tenant_id):
        for topic, ids in signal.topics.items():
            found.setdefault(topic, set()).update(ids or ())
    return found


def signalled(client: redis.Redis, tenant_id: int) -> set[int]:
    """The ids of all orders in the tenant's log."""
    return topics(client, tenant_id).get("orders", set())
