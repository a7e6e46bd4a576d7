"""What a page missed: from the hub's memory, else from Redis's log, never from PostgreSQL."""

from __future__ import annotations

from collections import deque

import redis

from ..signals import signal_log
from ..signals.signal import Signal

MEMORY_LENGTH = 100  # signals a tenant; they are kept as they came, some hundred bytes each

FRESH, MEMORY, LOG, RESYNC = "fresh", "memory", "log", "resync"
KINDS = (FRESH, MEMORY, LOG, RESYNC)


class RecentSignals:
    """A tenant's newest signals since this process subscribed. `floor`: all after this seq are here; None: not known yet."""

    def __init__(self) -> None:
        self.floor: int | None = None
        self._last = 0
        self._messages: deque[tuple[int, bytes]] = deque()

    def add(self, seq: int, message: bytes) -> bool:
        """False when seq did not rise: Redis has lost its log, and what came before is nothing to go by."""
        if seq <= self._last:
            return False
        self._last = seq
        self._messages.append((seq, message))
        if len(self._messages) > MEMORY_LENGTH:
            dropped, _ = self._messages.popleft()
            if self.floor is not None:
                self.floor = max(self.floor, dropped)
        return True

    @property
    def newest(self) -> int:
        return max(self._last, self.floor or 0)

    def since(self, seq: int) -> list[Signal] | None:
        """The signals after `seq`; None when they may not all be here, or `seq` itself has not yet come."""
        if self.floor is None or not self.floor <= seq <= self.newest:
            return None
        return [Signal.parse(message) for known, message in self._messages if known > seq]


def missed(
    recent: RecentSignals, log: redis.Redis, tenant_id: int, since: int | None
) -> tuple[int, list[Signal] | None, str]:
    """The newest seq that is known, the signals after `since` (None: not known), and where they are from.

    Called after the subscription stands, so that what is published meanwhile comes by it. Raises redis.RedisError.
    """
    found = None if since is None else recent.since(since)
    if found is not None:
        return recent.newest, found, MEMORY
    newest = signal_log.newest_seq(log, tenant_id)
    if recent.floor is None:
        recent.floor = newest
    found = None if since is None else signal_log.read_since(log, tenant_id, since)
    if found is None:
        return newest, None, RESYNC
    return max([newest, *(signal.seq for signal in found)]), found, LOG
