"""The SSE endpoint. A stream is one open response; the hub (hub.py) tells it which topics are dirty."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast

from flask import Blueprint, Flask, Response, current_app, request
from flask_login import current_user
from sqlalchemy.exc import SQLAlchemyError

from . import spread
from .config import Config
from .dirty import Dirty, Stream
from .events import INBOX
from .hub import Hub
from .tenancy import load_user

BEAT_SECONDS = 15.0  # a named event, so that the page's watchdog sees it
RETRY_MS = (500, 2000)  # the page waits about this long before it reconnects; at random, so that pages spread
RIGHTS_SECONDS = 60.0  # how often a stream asks whether its user is still there, and of this tenant
LIFE_SPREAD = (0.8, 1.0)  # of Config.stream_seconds: streams that began together do not end together

HEADERS = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-cache, no-transform",
    "X-Accel-Buffering": "no",  # nginx would hold events back
}

bp = Blueprint("stream", __name__)


def init_app(app: Flask, config: Config) -> None:
    app.extensions["doorbell_hub"] = Hub(config.redis_url)


@bp.get("/stream")
def stream() -> Response:
    """Named events until the stream's life ends; answers 401 in text, because a page in a stream helps nobody."""
    if not current_user.is_authenticated:
        return Response("Sign in first.\n", 401, content_type="text/plain; charset=utf-8")
    hub = cast(Hub, current_app.extensions["doorbell_hub"])
    config = cast(Config, current_app.extensions["doorbell_config"])
    opened = hub.open(current_user.tenant_id, current_user.id, _since())
    life = config.stream_seconds * random.uniform(*LIFE_SPREAD)  # noqa: S311 - spreads load, keeps no secret
    watched: Callable[[], int] = lambda: len(hub._streams.get(opened.tenant_id, ()))  # noqa: E731
    response = Response(frames(opened, life, _still_allowed(), watched), headers=HEADERS)
    response.call_on_close(lambda: hub.close(opened))
    return response


def _still_allowed() -> Callable[[], bool]:
    """Asks about this request's user after the request is over. With PostgreSQL away nobody's rights have changed."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # the app behind the proxy
    user_id, tenant_id = str(current_user.id), current_user.tenant_id

    def still_allowed() -> bool:
        try:
            with app.app_context():
                user = load_user(user_id)
        except SQLAlchemyError:
            return True
        return user is not None and user.tenant_id == tenant_id

    return still_allowed


def _since() -> int | None:
    """The seq that the page has seen: the header of a reconnect, else the one it was painted at; None if unreadable."""
    text = request.headers.get("Last-Event-ID") or request.args.get("since") or "0"
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def frames(
    stream: Stream, life_seconds: float, still_allowed: Callable[[], bool], watched: Callable[[], int]
) -> Iterator[bytes]:
    """All that one stream says, from `hello` to its end, as bytes ready for the socket."""
    ends, asked = time.monotonic() + life_seconds, time.monotonic()
    retry = random.randint(*RETRY_MS)  # noqa: S311 - spreads load, keeps no secret
    missed = stream.take()
    hello = {"seq": stream.seq, "now": _now_ms(), "live": not stream.lost}
    yield encode("hello", hello, None if missed else stream.seq, retry)
    yield from _changes(missed, watched())
    while not stream.closed and time.monotonic() < ends:
        stream.wait(min(BEAT_SECONDS, ends - time.monotonic()))
        if time.monotonic() - asked > RIGHTS_SECONDS:
            asked = time.monotonic()
            if not still_allowed():
                return  # its page reconnects, and is told to sign in
        dirty = stream.take()
        yield from _changes(dirty, watched()) if dirty else _beat(stream, ends)
        time.sleep(spread.fold_seconds(watched()))


def _beat(stream: Stream, ends: float) -> Iterator[bytes]:
    if not stream.closed and time.monotonic() < ends:
        yield encode("beat", {"now": _now_ms()})


def _changes(dirty: Dirty | None, viewers: int) -> Iterator[bytes]:
    """One event a topic. Only the last carries the id: a page that got half of them resumes before them all.

    `viewers` is how many streams of the tenant there are here.
    """
    if not dirty:
        return
    parts = []
    last = len(dirty.topics) - 1
    for n, (topic, values) in enumerate(sorted(dirty.topics.items(), key=lambda item: item[0] == INBOX)):
        data = {"seq": dirty.seq, "at": dirty.at, **spread.field(viewers), **values}
        parts.append(encode(topic, data, dirty.seq if n == last and dirty.seq else None))
    yield b"".join(parts)


def encode(event: str, data: Mapping[str, Any], event_id: int | None = None, retry: int | None = None) -> bytes:
    """One SSE frame. JSON without line breaks cannot break out of its `data:` line."""
    lines = [f"event: {event}"]
    if retry is not None:
        lines.append(f"retry: {retry}")
    if event_id is not None:
        lines.append(f"id: {event_id}")
    lines.append("data: " + json.dumps(data, separators=(",", ":")))
    return ("\n".join(lines) + "\n\n").encode()


def _now_ms() -> int:
    return int(time.time() * 1000)
