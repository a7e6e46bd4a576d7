"""Frames of a stream, as bytes ready for the socket. A signal is encoded once for all streams that get the same of it."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Mapping
from typing import Any

from ..display import clock
from ..events.topics import INBOX
from ..panels.costs import PROCESS
from ..signals.signal import Signal
from .pending import ControlEvent, PendingTopics, events_of

NO_USER = 0  # no user has this id
# How long a page waits before it reconnects, at random, so that pages do not all come at once.
RETRY_MS = (500, 2000)
# A refused page polls, and rarely tries to open a stream.
FULL_RETRY_MS = (30_000, 60_000)
_NAME = re.compile(r"[a-z][a-z_-]*")


class SignalFrames:
    """One signal with its frames, each encoded when the first stream needs it."""

    __slots__ = ("_frames", "_viewers", "signal")

    def __init__(self, signal: Signal, viewers: int) -> None:
        self.signal, self._viewers = signal, viewers
        self._frames: dict[tuple[str, ...], bytes] = {}

    def frame(self, user_id: int) -> bytes:
        """The tenant's topics and, in the same frame, this user's own; b"" when there are none."""
        own = tuple(self.signal.users.get(user_id, ()))
        frame = self._frames.get(own)
        if frame is None:
            frame = self._frames[own] = changes(self.signal.for_user(user_id), self._viewers)
        return frame


def greeting(seq: int, live: bool, missed: PendingTopics | None, viewers: int) -> bytes:
    """`hello`, and the topics that the page missed.

    `hello` has no id when more follows: a page that disconnects after it would skip the rest.
    """
    # Not by `encode`: after a restart thousands of streams open at once.
    event_id = b"" if missed else b"id: %d\n" % seq
    hello = b'event: hello\nretry: %d\n%bdata: {"seq":%d,"now":%d,"live":%b}\n\n'
    greeting = hello % (_at_random(RETRY_MS), event_id, seq, _now_ms(), b"true" if live else b"false")
    return greeting + pending_changes(missed, viewers)


def pending_changes(pending: PendingTopics | None, viewers: int) -> bytes:
    return changes(pending.signal(), viewers, pending.control) if pending else b""


def changes(signal: Signal, viewers: int, control: ControlEvent | None = None) -> bytes:
    """One event per topic, after the control event. Only the last carries the id.

    So a page that got half of them resumes before them all. `viewers`, the tenant's streams in this process, sets the pace
    of the pages (panels/pacing.py).
    """
    events = sorted(events_of(signal, control).items(), key=lambda item: item[0] == INBOX)
    shared = {"seq": signal.seq, "at": signal.at, **PROCESS.pacing(viewers).fields()}
    last = len(events) - 1
    return b"".join(
        encode(name, {**shared, **values}, signal.seq if n == last and signal.seq else None)
        for n, (name, values) in enumerate(events)
    )


def ping() -> bytes:
    return encode("ping", {"now": _now_ms()})


def full(why: str) -> bytes:
    """The process is at capacity. Sent in-band, because an HTTP error would end a native EventSource for good."""
    return encode("full", {"why": why}, retry=_at_random(FULL_RETRY_MS))


def retry_only() -> bytes:
    """When to reconnect, without an event: this process is stopping."""
    return f"retry: {_at_random(RETRY_MS)}\n\n".encode()


def encode(event: str, data: Mapping[str, Any], event_id: int | None = None, retry: int | None = None) -> bytes:
    """One SSE event. JSON without line breaks cannot break out of its `data:` line.

    Raises ValueError for a name with a line break, after which a page would read an injected message.
    """
    if not _NAME.fullmatch(event):
        raise ValueError(f"not a valid name of an event: {event!r:.80}; allowed: lowercase letters, _ and -")
    lines = [f"event: {event}"]
    if retry is not None:
        lines.append(f"retry: {retry}")
    if event_id is not None:
        lines.append(f"id: {event_id}")
    lines.append("data: " + json.dumps(data, separators=(",", ":")))
    return ("\n".join(lines) + "\n\n").encode()


def _at_random(bounds: tuple[int, int]) -> int:
    return int(random.uniform(*bounds))  # noqa: S311 - spreads load, keeps no secret


def _now_ms() -> int:
    return int(clock.epoch() * 1000)
