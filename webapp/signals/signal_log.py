"""The log of a tenant's newest signals in Redis, read by pages that reconnect."""

from __future__ import annotations

from typing import Any, cast

import redis

from .publisher import log_key
from .signal import Signal


def newest_seq(client: redis.Redis, tenant_id: int) -> int:
    """The seq of the tenant's newest signal, 0 when there is none."""
    newest = cast(Any, client.xrevrange(log_key(tenant_id), count=1))
    return entry_seq(newest[0][0]) if newest else 0


def read_since(client: redis.Redis, tenant_id: int, seq: int) -> list[Signal] | None:
    """The signals after `seq`, oldest first; None when the log does not reach back that far, or not up to `seq`.

    Raises ValueError when the log holds an entry that is not a signal.
    """
    log = log_key(tenant_id)
    oldest = cast(Any, client.xrange(log, count=1))
    if not oldest:
        return [] if seq == 0 else None  # Redis was emptied
    if entry_seq(oldest[0][0]) > seq:
        return None
    entries = cast(Any, client.xrange(log, min=f"({seq}-0"))
    if not entries and newest_seq(client, tenant_id) < seq:
        return None  # the log lost its end
    return [Signal.parse(fields.get(b"signal", b""), entry_seq(entry_id)) for entry_id, fields in entries]


def entry_seq(entry_id: bytes) -> int:
    return int(entry_id.split(b"-")[0])


def latest_seq(client: redis.Redis, tenant_id: int) -> int:
    """The seq of a page's first paint, read before its panels are queried; 0 when unknown, which makes the page resync."""
    try:
        return newest_seq(client, tenant_id)
    except redis.RedisError:
        return 0
