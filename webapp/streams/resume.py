"""Replay of missed signals: from the hub's memory, else from Redis's log, never from PostgreSQL.

After a restart thousands of pages ask for the same gap. They share one read of the log, whose result is kept.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import redis
from cachetools import FIFOCache

from ..concurrency.batch_loader import BatchLoader
from ..signals import signal_log
from ..signals.coalesce import CoalescedSignal
from ..signals.signal import MAX_SEQ, Signal

# Signals per tenant, kept unparsed: some hundred bytes each.
MEMORY_LENGTH = 100
# Gaps per tenant whose signals were read from the log. The one that was read first is dropped first.
MAX_GAPS = 100

FRESH, MEMORY, LOG, RESYNC = "fresh", "memory", "log", "resync"


@dataclass(frozen=True)
class Replay:
    """The newest seq that is known, the coalesced signals after the page's own (None: not known), and their source."""

    seq: int
    missed: Signal | None
    source: str


class RecentSignals:
    """A replay buffer: a tenant's newest signals since this process subscribed, and what the log had before them.

    `oldest_seq`: all signals after this seq are in the buffer; None before the log was read for the first time.
    """

    def __init__(self) -> None:
        self.oldest_seq: int | None = None
        self.reads: BatchLoader[int | None, Replay] = BatchLoader()
        self._last = 0
        self._messages: list[tuple[int, bytes]] = []
        # The coalesced signals that the log had after a page's seq. The signal's seq is the newest one that the log had then.
        self._gaps: FIFOCache[int, Signal] = FIFOCache(MAX_GAPS)
        # Pages with this seq or an older one resync: the log does not reach back so far.
        self._lost_seq = -1
        # Results until the next message: by the first missed message, or by the page's seq where there is a gap.
        self._replays: dict[tuple[bool, int], Replay] = {}

    def add(self, seq: int, message: bytes) -> bool:
        """Returns False when seq did not rise: Redis lost its log, so the buffer is not valid any more."""
        if seq <= self._last:
            return False
        self._last = seq
        self._messages.append((seq, message))
        self._replays.clear()
        if len(self._messages) > MEMORY_LENGTH:
            dropped, _ = self._messages.pop(0)
            if self.oldest_seq is not None:
                self.oldest_seq = max(self.oldest_seq, dropped)
        return True

    @property
    def newest(self) -> int:
        return max(self._last, self.oldest_seq or 0)

    def since(self, seq: int | None) -> Replay | None:
        """The signals after `seq`; None when the log has to be read. A page without a readable seq resyncs."""
        if self.oldest_seq is None:
            return None
        if seq is None or seq <= self._lost_seq:
            return Replay(self.newest, None, RESYNC)
        gap = self._gaps.get(seq)
        known = seq if gap is None else gap.seq
        if known < self.oldest_seq or (gap is None and known > self.newest):
            return None
        first = bisect_right(self._messages, known, key=lambda message: message[0])
        key = (gap is not None, first if gap is None else seq)
        found = self._replays.get(key)
        if found is None:
            found = self._replays[key] = self._coalesced(gap, first)
        return found

    def learn(self, part: signal_log.LogPart, gaps: Mapping[int | None, Replay]) -> None:
        """Keep what was read from the log."""
        if self.oldest_seq is None:
            self.oldest_seq = part.newest
        self._lost_seq = max(self._lost_seq, part.oldest - 1)
        for seq, found in gaps.items():
            if seq is not None and found.missed is not None and found.missed.seq:
                self._gaps[seq] = found.missed

    def _coalesced(self, gap: Signal | None, first: int) -> Replay:
        missed = CoalescedSignal() if gap is None else CoalescedSignal([gap])
        for seq, message in self._messages[first:]:
            missed.add(Signal.parse(message, seq))
        newest = self.newest if gap is None else max(self.newest, gap.seq)
        return Replay(newest, missed.signal(), MEMORY if gap is None else LOG)


def replay(recent: RecentSignals, log: redis.Redis, tenant_id: int, since: int | None) -> Replay:
    """The tenant's signals after `since`. Raises redis.RedisError, and ValueError for an entry that is not a signal.

    Call it once the subscription is confirmed, so that all later signals arrive through that.
    """
    found = recent.since(since) or recent.reads.load(since, partial(_read_log, recent, log, tenant_id))
    assert found is not None
    return found


def _read_log(
    recent: RecentSignals, log: redis.Redis, tenant_id: int, asked: set[int | None]
) -> Mapping[int | None, Replay]:
    """One read for all pages that wait for it."""
    oldest = min((seq for seq in asked if seq is not None), default=MAX_SEQ)
    part = signal_log.read(log, tenant_id, oldest)
    found = {seq: replay_of(part, seq) for seq in asked}
    recent.learn(part, found)
    return found


def replay_of(part: signal_log.LogPart, since: int | None) -> Replay:
    signals = None if since is None else part.since(since)
    if signals is None:
        return Replay(part.newest, None, RESYNC)
    return Replay(part.newest, CoalescedSignal(signals).signal(), LOG)
