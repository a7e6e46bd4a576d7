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
from .pending import PendingTopics

NO_USER = 0  # no user has this id
# How long a page waits before it reconnects, at random, so that pages do not all come at once.
RETRY_MS = (500, 2000)
# A refused page polls, and rarely tries to open a stream.
FULL_RETRY_MS = (30_000, 60_000)
_NAME = re.compile(r"[a-z][a-z_-]*")


class Message:
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
            pending = PendingTopics()
            pending.add(self.signal, user_id)
            frame = self._frames[own] = changes(pending, self._viewers)
        return frame


def greeting(seq: int, live: bool, missed: PendingTopics | None, viewers: int) -> bytes:
    """`hello`, and the topics that the page missed.

    `hello` has no id when more follows: a page that disconnects after it would skip the rest.
    """
    hello = {"seq": seq, "now": _now_ms(), "live": live}
    return encode("hello", hello, None if missed else seq, _at_random(RETRY_MS)) + changes(missed, viewers)


def changes(pending: PendingTopics | None, viewers: int) -> bytes:
    """One event per topic. Only the last carries the id, so a page that got half of them resumes before them all.

    `viewers`, the tenant's streams in this process, sets the pace of the pages (panels/pacing.py).
    """
    if not pending or not pending.topics:
        return b""
    parts = []
    last = len(pending.topics) - 1
    for n, (topic, values) in enumerate(sorted(pending.topics.items(), key=lambda item: item[0] == INBOX)):
        data = {"seq": pending.seq, "at": pending.at, **PROCESS.pacing(viewers).fields(), **values}
        parts.append(encode(topic, data, pending.seq if n == last and pending.seq else None))
    return b"".join(parts)


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
    return random.randint(*bounds)  # noqa: S311 - spreads load, keeps no secret


def _now_ms() -> int:
    return int(clock.epoch() * 1000)
