"""A render of a panel, the request for one, and the job that makes it for all requests that wait."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Protocol
from urllib.parse import quote

from markupsafe import Markup

from ..signals.log_follower import Log
from .costs import smoothed_render

OVERHEAD_BYTES = 1_000  # per render, besides its fragment


@dataclass(frozen=True)
class Render:
    """A fragment as it was at `moment`, with the ETag of its content; `as_of` is the moment on the tenant's clock."""

    html: Markup
    body: bytes
    etag: str  # without its quotation marks
    moment: datetime
    as_of: str

    @cached_property
    def as_of_header(self) -> str:
        return quote(self.as_of)  # headers are ASCII, locales are not

    @property
    def size(self) -> int:
        return 2 * len(self.body) + OVERHEAD_BYTES

    @property
    def is_complete(self) -> bool:
        return True


class Rendered(Protocol):
    """The result of a job: a render, or the renders of a group of panels."""

    @property
    def size(self) -> int: ...

    @property
    def is_complete(self) -> bool: ...


@dataclass(frozen=True)
class GroupRender:
    """The renders of a group's panels by name. All are of one moment; a panel that failed has its exception."""

    renders: Mapping[str, Render | Exception]

    @property
    def is_complete(self) -> bool:
        """Whether no panel failed. Only then the renders are kept."""
        return not any(isinstance(render, Exception) for render in self.renders.values())

    @property
    def size(self) -> int:
        return sum(render.size for render in self.renders.values() if isinstance(render, Render))


@dataclass(frozen=True)
class RenderRequest:
    """A request for a render. `key` holds everything that the content depends on besides the data.

    A render gets old by a signal of `topics`, after `max_age` seconds, and at `ends` (epoch seconds). `round_seconds` is for
    the audience of the `tenant`. A `first_paint` skips the pace, because a page needs all panels, one after the other.
    """

    key: Hashable
    topics: tuple[str, ...]
    max_age: float
    ends: float
    first_paint: bool = False
    tenant: Hashable = None
    round_seconds: float = 0.0


Paint = Callable[[], Rendered]


class RenderJob:
    """A render that is scheduled, in flight or done. All times but `moment` are of a monotonic clock."""

    def __init__(self, log: Log, request: RenderRequest, starts: float, cost_seconds: float | None) -> None:
        """`cost_seconds`: of the render before it."""
        self.log, self.request, self.starts, self.cost_seconds = log, request, starts, cost_seconds
        # A Rendered, of the type that the job's `paint` returns.
        self.render: Any = None
        self.error: Exception | None = None
        self.done = threading.Event()
        self.seq: int | None = None  # None until `start`
        self.moment = 0.0  # of the start, epoch seconds

    @property
    def expires(self) -> float:
        return self.starts + self.request.max_age

    @property
    def size(self) -> int:
        return int(self.render.size) if self.render is not None else 0

    def start(self, now: float, moment: float) -> None:
        """Called before the query: the render will contain everything signalled until now."""
        self.seq, self.starts, self.moment = self.log.seq, now, moment

    def finish(self, render: Rendered, now: float) -> None:
        self.render = render
        self.cost_seconds = smoothed_render(self.cost_seconds, now - self.starts)

    def is_fresh_for(self, log: Log, topics: tuple[str, ...], now: float, moment: float) -> bool:
        """Whether a request that has just read `log` may get this render."""
        if self.log is not log or self.error is not None or now >= self.expires:
            return False
        if self.seq is None:
            return True
        # A clock that was set back may be on another day.
        return self.seq >= log.newest(topics) and self.moment <= moment < self.request.ends
