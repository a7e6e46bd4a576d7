"""A render of a panel, the request for one, and the job that makes it for all requests that wait."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from markupsafe import Markup

from ..signals.log_follower import Log

# A render shared by this many requests is paced: many watch it.
PACED_FROM = 12
# A paced panel is rendered at most this often, so its queries grow neither with viewers nor with changes.
PACE_SECONDS = 1.0
OVERHEAD_BYTES = 1_000  # per render, besides its fragment


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
        return quote(self.as_of)  # headers are ASCII, locales are not

    @property
    def size(self) -> int:
        return 2 * len(self.body) + OVERHEAD_BYTES


@dataclass(frozen=True)
class RenderRequest:
    """A request for a render. `key` holds everything that the content depends on besides the data.

    A render gets old by a signal of `topics`, after `max_age` seconds, and at `ends` (epoch seconds). A `first_paint` skips
    the pace, because a page needs all panels, one after the other.
    """

    key: Hashable
    topics: tuple[str, ...]
    max_age: float
    ends: float
    first_paint: bool = False


Paint = Callable[[], Render]


class RenderJob:
    """A render that is scheduled, in flight or done."""

    def __init__(self, log: Log, now: float, request: RenderRequest, after: RenderJob | None) -> None:
        self.log, self.request = log, request
        self.starts = now
        if after is not None and after.shared >= PACED_FROM and after.began <= now:
            self.starts = max(now, after.began + PACE_SECONDS)
        self.shared: int = 0  # requests besides the owner's
        self.render: Render | None = None
        self.error: Exception | None = None
        self.done = threading.Event()
        self.seq: int | None = None  # None until `start`
        self.began: float = now
        self.ends: float = self.starts + request.max_age

    def start(self, now: float) -> None:
        """Called before the query: the render will contain everything signalled until now."""
        self.seq, self.began, self.ends = self.log.seq, now, min(now + self.request.max_age, self.request.ends)

    def is_fresh_for(self, log: Log, topics: tuple[str, ...], now: float) -> bool:
        """Whether a request that has just read `log` may get this render."""
        if self.log is not log or self.error is not None or not self.began <= now < self.ends:
            return False
        return self.seq is None or self.seq >= log.newest(topics)
