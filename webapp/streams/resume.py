"""Replay of missed signals: from the hub's memory, else from Redis's log, never from PostgreSQL."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import redis

from ..signals import signal_log
from ..signals.signal import Signal

# Signals per tenant, kept unparsed: some hundred bytes each.
MEMORY_LENGTH = 100

FRESH, MEMORY, LOG, RESYNC = "fresh", "memory", "log", "resync"


class RecentSignals:
    """A replay buffer: a tenant's newest signals since this process subscribed.

    `oldest_seq`: all signals after this seq are in the buffer; None when that is not known yet.
    """

    def __init__(self) -> None:
        self.oldest_seq: int | None = None
        self._last = 0
        self._messages: deque[tuple[int, bytes]] = deque()

    def add(self, seq: int, message: bytes) -> bool:
        """Returns False when seq did not rise: Redis lost its log, so the buffer is not valid any more."""
        if seq <= self._last:
            return False
        self._last = seq
        self._messages.append((seq, message))
        if len(self._messages) > MEMORY_LENGTH:
            dropped, _ = self._messages.popleft()
            if self.oldest_seq is not None:
                self.oldest_seq = max(self.oldest_seq, dropped)
        return True

    @property
    def newest(self) -> int:
        return max(self._last, self.oldest_seq or 0)

    def since(self, seq: int) -> list[Signal] | None:
        """The signals after `seq`; None when some of them may be missing here, or `seq` itself has not arrived yet."""
        if self.oldest_seq is None or not self.oldest_seq <= seq <= self.newest:
            return None
        return [Signal.parse(message) for known, message in self._messages if known > seq]


@dataclass(frozen=True)
class Replay:
    """The newest seq that is known, the signals after the page's own (None: not known), and their source."""

    seq: int
    signals: list[Signal] | None
    source: str


def replay(recent: RecentSignals, log: redis.Redis, tenant_id: int, since: int | None) -> Replay:
    """The tenant's signals after `since`. Raises redis.RedisError.

    Call it once the subscription is confirmed, so that all later signals arrive through that.
    """
    found = None if since is None else recent.since(since)
    if found is not None:
        return Replay(recent.newest, found, MEMORY)
    newest = signal_log.newest_seq(log, tenant_id)
    if recent.oldest_seq is None:
        recent.oldest_seq = newest
    found = None if since is None else signal_log.read_since(log, tenant_id, since)
    if found is None:
        return Replay(newest, None, RESYNC)
    return Replay(max([newest, *(signal.seq for signal in found)]), found, LOG)
