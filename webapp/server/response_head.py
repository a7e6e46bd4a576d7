"""The head of a response as bytes, for responses that gunicorn does not write itself."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable
from email.utils import formatdate
from functools import lru_cache
from typing import Any

Headers = tuple[tuple[str, str], ...]


def gunicorn_response(start_response: Any) -> Any:
    """gunicorn's response object of an HTTP/1 request; None for HTTP/2, uwsgi's protocol and other servers."""
    gunicorn: Any = sys.modules.get("gunicorn.http.wsgi")
    response: Any = getattr(start_response, "__self__", None)
    if gunicorn is None or type(response) is not gunicorn.Response:
        return None
    return response if getattr(response.cfg, "protocol", "http") == "http" else None


def build(response: Any, status: str, connection: str, lines: bytes) -> bytes:
    """The head, with gunicorn's own headers first. `lines` is what `encoded` or `encode` returns."""
    major, minor = response.req.version
    first = (
        f"HTTP/{major}.{minor} {status}\r\nServer: {response.version}\r\nDate: {date()}\r\nConnection: {connection}\r\n"
    )
    return b"%b%b\r\n" % (first.encode("latin-1"), lines)


def encode(headers: Iterable[tuple[str, str]]) -> bytes:
    """The lines of the headers. Raises ValueError for a line break, after which a client would read an injected header."""
    lines = []
    for name, value in headers:
        if not (name.isprintable() and value.isprintable()):
            raise ValueError(f"not a valid header: {name!r:.80}")
        lines.append(f"{name}: {value}\r\n")
    return "".join(lines).encode("latin-1")


@lru_cache(maxsize=64)
def encoded(headers: Headers) -> bytes:
    """As `encode`, for headers that many responses have."""
    return encode(headers)


def date() -> str:
    """The present time as the header Date has it."""
    return _date(int(time.time()))


@lru_cache(maxsize=1)
def _date(second: int) -> str:
    return formatdate(second, usegmt=True)
