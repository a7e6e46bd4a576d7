"""The log of a tenant's newest signals in Redis, read by pages that reconnect."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import redis

from .publisher import log_key
from .signal import Signal


def newest_seq(client: redis.Redis, tenant_id: int) -> int:
    """The seq of the tenant's newest signal, 0 when there is none."""
    newest = cast(Any, client.xrevrange(log_key(tenant_id), count=1))
    return entry_seq(newest[0][0]) if newest else 0


@dataclass(frozen=True)
class LogPart:
    """A log's entries after some seq, oldest first, and the seqs of its first and last entry; 0 for an empty log."""

    oldest: int
    newest: int
    entries: list[tuple[int, bytes]]

    def since(self, seq: int) -> list[Signal] | None:
        """The signals after `seq`, at least that of `read`; None when the log does not reach back to it, or not up to it.

        Raises ValueError when an entry is not a signal.
        """
        if not self.newest:
            return [] if seq == 0 else None  # Redis was emptied
        if not self.oldest <= seq <= self.newest:
            return None
        return [Signal.parse(text, entry) for entry, text in self.entries if entry > seq]


def read(client: redis.Redis, tenant_id: int, seq: int) -> LogPart:
    """The log after `seq`, read at one moment."""
    log = log_key(tenant_id)
    with client.pipeline() as pipeline:
        pipeline.xrange(log, count=1)
        pipeline.xrevrange(log, count=1)
        pipeline.xrange(log, min=f"({seq}-0")
        oldest, newest, entries = cast(Any, pipeline.execute())
    if not newest:
        return LogPart(0, 0, [])
    signals = [(entry_seq(entry_id), fields.get(b"signal", b"")) for entry_id, fields in entries]
    return LogPart(entry_seq(oldest[0][0]), entry_seq(newest[0][0]), signals)


def entry_seq(entry_id: bytes) -> int:
    return int(entry_id.split(b"-")[0])


def latest_seq(client: redis.Redis, tenant_id: int) -> int:
    """The seq of a page's first paint, read before its panels are queried; 0 when unknown, which makes the page resync."""
    try:
        return newest_seq(client, tenant_id)
    except redis.RedisError:
        return 0
