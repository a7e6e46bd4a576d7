"""Pending topics of one stream: a set, not a queue, so a slow reader is late but never gets old data."""

from __future__ import annotations

import time
from typing import Any, NamedTuple

from ..events.topics import ORDERS
from ..signals.coalesce import CoalescedSignal
from ..signals.signal import Signal

DISCONNECTED = "away"  # the page polls until `resync`


class ControlEvent(NamedTuple):
    """`resync` or `away`, with its reason."""

    event: str
    why: str


class PendingTopics(CoalescedSignal):
    """All that a stream has yet to send: a control event, if any, and the topics of the signals after it."""

    __slots__ = ("control",)

    def __init__(self) -> None:
        super().__init__()
        self.control: ControlEvent | None = None

    @classmethod
    def control_event(cls, event: str, why: str, seq: int) -> PendingTopics:
        """`resync` or `away`, in place of the topics before it. `away` carries no seq, because the page has seen nothing."""
        pending = cls()
        pending.control = ControlEvent(event, why)
        pending.seq, pending.at = 0 if event == DISCONNECTED else seq, int(time.time() * 1000)
        return pending

    def __bool__(self) -> bool:
        return bool(self.topics or self.control)

    @property
    def names(self) -> list[str]:
        """The names of the events that are pending."""
        return list(events_of(self.signal(), self.control))


def events_of(signal: Signal, control: ControlEvent | None = None) -> dict[str, dict[str, Any]]:
    """The events of a signal in the order in which they are sent: name -> the data beside seq and time."""
    events: dict[str, dict[str, Any]] = {control.event: {"why": control.why}} if control else {}
    for topic, ids in signal.topics.items():
        events.setdefault(topic, {"ids": ids} if topic == ORDERS else {})
    return events
