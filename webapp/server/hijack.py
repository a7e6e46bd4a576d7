"""A request's connection, taken from gunicorn's gevent worker so that the request's greenlet can end.

After the head is sent the descriptor is duplicated. gunicorn then ends the request as any other (access log, counts,
hooks), closes its own descriptor and lets the greenlet go; the connection stays open by ours.

The response is ended by closing and not chunked. A chunk's length adds nothing to SSE, where an event that was cut off is
thrown away and the page resumes by its last id, and without it the same bytes serve HTTP/1.0 and HTTP/1.1. nginx passes
such a response on in its own chunks or HTTP/2 frames; the connection could not be kept for another request anyhow.
"""

from __future__ import annotations

import os
import socket
import sys
from typing import Any

DEAD_MS = 40_000  # a peer that acknowledges nothing for so long is gone: a laptop that was closed says no good-bye
SEND_BYTES = (
    16_384  # the kernel's queue a stream; what it has taken cannot be folded any more, and a page should not lag
)


def can_hijack(environ: dict[str, Any], start_response: Any) -> bool:
    """Whether this is HTTP/1 without TLS under gunicorn's gevent worker. Everything else keeps its connection."""
    gunicorn, gevent = sys.modules.get("gunicorn.http.wsgi"), sys.modules.get("gevent.socket")
    response: Any = getattr(start_response, "__self__", None)
    return (
        sys.platform == "linux"  # epoll
        and gunicorn is not None
        and gevent is not None
        and type(response) is gunicorn.Response  # of HTTP/2 or a uwsgi front it is another, or frames differently
        and getattr(response.cfg, "protocol", "http") == "http"
        and type(environ.get("gunicorn.socket")) is gevent.socket  # an SSLSocket is another type
    )


def hijack(environ: dict[str, Any], start_response: Any, status: str, headers: list[tuple[str, str]]) -> int:
    """Send the head; returns a descriptor of the connection that is the caller's. Raises OSError when the peer is gone."""
    response, sock = start_response.__self__, environ["gunicorn.socket"]
    write = start_response(status, headers)
    response.force_close()
    response.chunked = False
    write(b"")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BYTES)
    if sock.family in (socket.AF_INET, socket.AF_INET6):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, DEAD_MS)
    return os.dup(sock.fileno())
