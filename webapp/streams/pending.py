"""Pending topics of one stream: a set, not a queue, so a slow reader is late but never gets old data."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..events.topics import ORDERS
from ..signals import publisher
from ..signals.signal import Signal

DISCONNECTED = "away"  # the page polls until `resync`


@dataclass(slots=True)
class PendingTopics:
    """Topics with their further data, and the newest seq and time among them."""

    topics: dict[str, dict[str, Any]] = field(default_factory=dict)
    seq: int = 0
    at: int = 0

    @classmethod
    def control_event(cls, event: str, why: str, seq: int) -> PendingTopics:
        """`resync` or `away`, in place of the topics before it. `away` carries no seq, because the page has seen nothing."""
        return cls({event: {"why": why}}, 0 if event == DISCONNECTED else seq, int(time.time() * 1000))

    def add(self, signal: Signal, user_id: int) -> None:
        for topic, ids in signal.topics.items():
            self._add(topic, ids)
        for topic in signal.users.get(user_id, ()):
            self._add(topic, None)
        self.seq, self.at = max(self.seq, signal.seq), max(self.at, signal.at)

    def signal(self, users: Mapping[int, Sequence[str]] | None = None) -> Signal:
        """All of it as one signal."""
        topics = {topic: values.get("ids") for topic, values in self.topics.items()}
        return Signal(self.seq, topics, users or {}, self.at)

    def _add(self, topic: str, ids: Any) -> None:
        if topic == ORDERS:
            known = self.topics.get(ORDERS, {"ids": []})["ids"]
            union = None if ids is None or known is None else sorted({*known, *ids})
            many = union is None or len(union) > publisher.IDS_PER_SIGNAL
            self.topics[ORDERS] = {"ids": None if many else union}
        else:
            self.topics.setdefault(topic, {})
