"""What one stream has yet to say: a set of dirty topics, not a queue, so that a slow reader is late and never out of date."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import Any

from . import signals
from .events import ORDERS, RESYNC

AWAY = "away"  # no signals for now: the page polls until `resync`


@dataclass
class Dirty:
    """What a stream has yet to say: topics with the rest of their data, the newest seq and time among them."""

    topics: dict[str, dict[str, Any]] = field(default_factory=dict)
    seq: int = 0
    at: int = 0

    def add(self, signal: signals.Signal, user_id: int) -> None:
        for topic, ids in signal.topics.items():
            self._add(topic, ids)
        for topic in signal.users.get(user_id, ()):
            self._add(topic, None)
        self.seq, self.at = max(self.seq, signal.seq), max(self.at, signal.at)

    def _add(self, topic: str, ids: Any) -> None:
        if topic == ORDERS:
            known = self.topics.get(ORDERS, {"ids": []})["ids"]
            together = None if ids is None or known is None else sorted({*known, *ids})
            many = together is None or len(together) > signals.IDS_PER_SIGNAL
            self.topics[ORDERS] = {"ids": None if many else together}
        else:
            self.topics.setdefault(topic, {})


class Stream:
    """One open response of one user. `seq` is the newest signal there was when it opened."""

    def __init__(self, tenant_id: int, user_id: int) -> None:
        self.tenant_id, self.user_id, self.seq = tenant_id, user_id, 0
        self.closed = False
        self.lost = False  # no signals come, so what happens meanwhile is not known; the page polls
        self._dirty = Dirty()
        self._lock = threading.Lock()
        self._wake = threading.Event()

    def signal(self, signal: signals.Signal) -> None:
        with self._lock:
            self._dirty.add(signal, self.user_id)
            concerned = bool(self._dirty.topics)
        if concerned:
            self._wake.set()

    def say(self, event: str, why: str) -> None:
        """`resync` or `away`, instead of what was dirty before. After `away` a page has seen nothing: it gets no seq."""
        with self._lock:
            seq = 0 if event == AWAY else self._dirty.seq
            self._dirty = Dirty({event: {"why": why}}, seq, int(time.time() * 1000))
        self._wake.set()

    def lose(self, why: str) -> None:
        if not self.lost:
            self.lost = True
            self.say(AWAY, why)

    def find(self) -> None:
        if self.lost:
            self.lost = False
            self.say(RESYNC, "back")

    def take(self) -> Dirty | None:
        with self._lock:
            dirty, self._dirty = self._dirty, Dirty()
            self._wake.clear()
        return dirty if dirty.topics else None

    def wait(self, seconds: float) -> None:
        """Until something is dirty or the stream is closed, at most `seconds`."""
        self._wake.wait(max(0.0, seconds))

    def close(self) -> None:
        self.closed = True
        self._wake.set()
