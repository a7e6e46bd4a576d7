"""A render of a panel, and its way from being wanted to being there for everybody who waits for it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from markupsafe import Markup

from ..signals.log_follower import Log

MANY = 12  # requests that shared a render: then many watch, and the next one is begun no sooner than
PACE_SECONDS = 1.0  # after it began. Who comes meanwhile waits for it, so queries do not grow with watchers or changes
OVERHEAD_BYTES = 1_000  # a render's objects beside its fragment


@dataclass(frozen=True)
class Render:
    """A fragment as it was at `moment`, with the ETag of its content; `as_of` is the moment on the tenant's clock."""

    html: Markup
    body: bytes
    etag: str  # without its quotation marks
    moment: datetime
    as_of: str

    @property
    def as_of_header(self) -> str:
        return quote(self.as_of)  # a header is ASCII, a locale is not

    @property
    def size(self) -> int:
        return 2 * len(self.body) + OVERHEAD_BYTES


@dataclass(frozen=True)
class RenderRequest:
    """What a request asks for: `key` is all that the content depends on beside the data.

    `topics` make it old, as does an age of `seconds`; `ends` is when the clock alone makes it old (epoch seconds).
    `hurried` does not wait for its pace: a page that is painted first needs all panels, one after the other.
    """

    key: Hashable
    topics: tuple[str, ...]
    seconds: float
    ends: float
    hurried: bool = False


Paint = Callable[[], Render]


class RenderJob:
    """A render that waits for its time, is under way, or is there."""

    def __init__(self, log: Log, now: float, wanted: RenderRequest, after: RenderJob | None) -> None:
        self.log, self.wanted = log, wanted
        self.starts = now
        if after is not None and after.shared >= MANY and after.began <= now:
            self.starts = max(now, after.began + PACE_SECONDS)
        self.shared: int = 0  # requests beside the one that paints
        self.render: Render | None = None
        self.error: Exception | None = None
        self.done = threading.Event()
        self.seq: int | None = None  # until its query is about to begin
        self.began: float = now
        self.ends: float = self.starts + wanted.seconds

    def start(self, now: float) -> None:
        """All that was signalled until now is going to be in the render."""
        self.seq, self.began, self.ends = self.log.seq, now, min(now + self.wanted.seconds, self.wanted.ends)

    def serves(self, log: Log, topics: tuple[str, ...], now: float) -> bool:
        """Whether who has looked into `log` just now may have it."""
        if self.log is not log or self.error is not None or not self.began <= now < self.ends:
            return False
        return self.seq is None or self.seq >= log.newest(topics)
