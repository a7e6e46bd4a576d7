"""Requests and renders for tests of the render scheduler alone."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import UTC, datetime

from markupsafe import Markup

from webapp.panels.render import Render, RenderRequest
from webapp.signals.log_follower import Log

NOON = datetime(2026, 5, 20, 12, tzinfo=UTC)
LOG = Log(1, b"")
ROUND_SECONDS = 0.4
MAX_AGE_SECONDS = 15.0


class Killed(BaseException):
    """As raised in a worker that stops."""


def small_render(size: int = 500) -> Render:
    body = b"x" * size
    return Render(Markup("x") * size, body, "etag", NOON, "12:00")


def request(key: Hashable, first_paint: bool = False, round_seconds: float = ROUND_SECONDS) -> RenderRequest:
    ends = NOON.timestamp() + 3600
    return RenderRequest(key, ("revenue",), MAX_AGE_SECONDS, ends, first_paint, "acme", round_seconds)


def signal(log: Log, seq: int) -> None:
    log.add(seq, b'{"topics":{"revenue":null},"users":{},"at":1}')
