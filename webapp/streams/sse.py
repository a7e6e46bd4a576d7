"""What goes out on a stream, as bytes ready for the socket. A signal is encoded once for all who get the same of it."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Mapping
from typing import Any

from ..display import clock
from ..events.topics import INBOX
from ..signals.signal import Signal
from . import jitter
from .pending import PendingTopics

NO_USER = 0  # no user has this id: what all get
RETRY_MS = (500, 2000)  # the page waits about this long before it reconnects; at random, so that pages spread
_NAME = re.compile(r"[a-z][a-z_-]*")
FULL_RETRY_MS = (30_000, 60_000)  # where there is no room a page polls, and asks for a stream seldom


class Message:
    """One signal with its frames, each encoded when the first stream needs it."""

    __slots__ = ("_frames", "_viewers", "signal")

    def __init__(self, signal: Signal, viewers: int) -> None:
        self.signal, self._viewers = signal, viewers
        self._frames: dict[tuple[str, ...], bytes] = {}

    def frame(self, user_id: int) -> bytes:
        """What this user gets of it: the tenant's topics and, in the same frame, the user's own. b"" for nothing."""
        own = tuple(self.signal.users.get(user_id, ()))
        frame = self._frames.get(own)
        if frame is None:
            dirty = PendingTopics()
            dirty.add(self.signal, user_id)
            frame = self._frames[own] = changes(dirty, self._viewers)
        return frame


def greeting(seq: int, live: bool, missed: PendingTopics | None, viewers: int) -> bytes:
    """`hello`, and what the page has missed. An id in `hello` would let a page that breaks off now skip what follows."""
    hello = {"seq": seq, "now": _now_ms(), "live": live}
    return encode("hello", hello, None if missed else seq, _at_random(RETRY_MS)) + changes(missed, viewers)


def changes(dirty: PendingTopics | None, viewers: int) -> bytes:
    """One event a topic. Only the last carries the id: a page that got half of them resumes before them all.

    `viewers` is how many streams of the tenant there are here: the more, the longer a page may wait before it refetches.
    """
    if not dirty or not dirty.topics:
        return b""
    parts = []
    last = len(dirty.topics) - 1
    for n, (topic, values) in enumerate(sorted(dirty.topics.items(), key=lambda item: item[0] == INBOX)):
        data = {"seq": dirty.seq, "at": dirty.at, **jitter.field(viewers), **values}
        parts.append(encode(topic, data, dirty.seq if n == last and dirty.seq else None))
    return b"".join(parts)


def beat() -> bytes:
    return encode("beat", {"now": _now_ms()})


def full(why: str) -> bytes:
    """No room. In-band, because an HTTP error would end a native EventSource for good."""
    return encode("full", {"why": why}, retry=_at_random(FULL_RETRY_MS))


def elsewhere() -> bytes:
    """This process is stopping: no event, only when to try again."""
    return f"retry: {_at_random(RETRY_MS)}\n\n".encode()


def encode(event: str, data: Mapping[str, Any], event_id: int | None = None, retry: int | None = None) -> bytes:
    """One SSE event. JSON without line breaks cannot break out of its `data:` line.

    Raises ValueError for a name that could: after a line break a page would read a message of somebody else's making.
    """
    if not _NAME.fullmatch(event):
        raise ValueError(f"not a name of an event: {event!r:.80}; allowed: small letters, _ and -")
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
