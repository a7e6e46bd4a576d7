"""Takes a request's connection from gunicorn's gevent worker (a hijack), so that the request's greenlet can end.

The descriptor is duplicated, and the head is sent with the response's first bytes. gunicorn then ends the request as usual
(access log, counts, hooks), closes its own descriptor and releases the greenlet. The connection stays open through the
duplicate.

The response ends by closing the connection and is not chunked, so the same bytes serve HTTP/1.0 and HTTP/1.1. SSE needs no
chunk lengths: a page discards an incomplete event and resumes by its last id. nginx passes such a response on in its own chunks
or HTTP/2 frames. The connection could not be kept for another request anyway.
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterable
from typing import Any

from . import response_head

# The kernel's send queue per stream. Its content can no longer be coalesced, so a long queue would make a page lag.
SEND_BYTES = 16_384
# As plain numbers: gevent's sockets take the module's enumerations apart at each call.
_SOCKET, _SEND_BUFFER = int(socket.SOL_SOCKET), int(socket.SO_SNDBUF)


def can_hijack(environ: dict[str, Any], start_response: Any) -> bool:
    """Whether this is HTTP/1 without TLS under gunicorn's gevent worker. All others keep their connection."""
    gevent = sys.modules.get("gevent.socket")
    return (
        sys.platform == "linux"  # epoll
        and gevent is not None
        and response_head.gunicorn_response(start_response) is not None
        and type(environ.get("gunicorn.socket")) is gevent.socket  # not an SSLSocket
    )


def hijack(
    environ: dict[str, Any], start_response: Any, status: str, headers: Iterable[tuple[str, str]]
) -> tuple[int, bytes]:
    """A descriptor of the connection, which the caller owns, and the head, which it has to send with its first bytes.

    Raises OSError if the peer is gone. gunicorn's own way to the head checks each header and writes by itself, which is a
    fifth of the cost of a stream's opening.
    """
    response, sock = start_response.__self__, environ["gunicorn.socket"]
    # The access log has the status and what gunicorn sent, which is nothing.
    response.status, response.status_code, response.headers_sent = status, int(status[:3]), True
    response.force_close()
    head = response_head.build(response, status, "close", response_head.encoded(tuple(headers)))
    sock.setsockopt(_SOCKET, _SEND_BUFFER, SEND_BYTES)
    return os.dup(sock.fileno()), head
