"""One request and its answer in HTTP/1.1, on a connection that stands; the answer is bounded in size.

`http.client` builds the request and parses the answer. It reads no proxy from the environment and follows no redirect.
"""

from __future__ import annotations

import functools
import http.client
import io
import re
import socket
import ssl
from collections.abc import Mapping
from typing import NamedTuple

from ..language import gettext as _
from .answer import MAX_KEPT_BYTES
from .errors import DeadlineExceeded, MalformedAnswer
from .urls import Target
from .watchdog import Deadline

# Of an answer, with its headers. A longer one is not read to its end.
MAX_READ_BYTES = 65_536
USER_AGENT = "Doorbell-Webhooks/1"
# These belong to the connection.
_OWN_HEADERS = {"host", "content-length", "transfer-encoding", "connection", "accept-encoding", "expect"}
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[\t -~\x80-\xff]*")


class Received(NamedTuple):
    """An answer. `is_cut` is true when there was more of the body than `body`."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    is_cut: bool


def check_headers(headers: Mapping[str, str]) -> None:
    """Raises ValueError for headers that cannot be sent, or would change the request itself. The text shows no value."""
    for name, value in headers.items():
        if not _NAME.fullmatch(name) or not _VALUE.fullmatch(value):
            raise ValueError(f"the header {name!r} has a character that a header cannot carry")
        if name.lower() in _OWN_HEADERS:
            raise ValueError(f"the header {name!r} belongs to the connection")


class _TooLong(http.client.HTTPException):
    """More than MAX_READ_BYTES came."""


class _BoundedSocketIO(io.RawIOBase):
    """Reads from a socket, MAX_READ_BYTES at most. `is_at_end` is true once the receiver closed the connection."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._left = MAX_READ_BYTES
        self.is_at_end = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        if self._left <= 0:
            raise _TooLong
        size = self._sock.recv_into(buffer, min(len(buffer), self._left))
        self._left -= size
        self.is_at_end = size == 0
        return size


class _Channel:
    """The part of a socket that http.client uses. Closing it leaves the socket open, for its owner to close."""

    def __init__(self, sock: socket.socket) -> None:
        self.sendall = sock.sendall
        self.received = _BoundedSocketIO(sock)

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(self.received)

    def close(self) -> None:
        pass


class Outgoing(NamedTuple):
    """A request. Of its answer's body at most `max_kept_bytes` are kept."""

    method: str
    body: bytes
    headers: Mapping[str, str]
    max_kept_bytes: int = MAX_KEPT_BYTES


def exchange(sock: socket.socket, target: Target, outgoing: Outgoing, deadline: Deadline) -> Received:
    """Send a request and read its answer. Raises DeadlineExceeded and MalformedAnswer."""
    channel = _Channel(sock)
    client = http.client.HTTPConnection(target.host, target.port)
    client.auto_open = False
    client.sock = channel
    try:
        try:
            _send(client, target, outgoing)
        except (ConnectionError, ssl.SSLError):
            # A receiver may answer, for example 413, and close before it has read the body.
            if deadline.has_passed:
                raise
        answer = client.getresponse()
        if channel.received.is_at_end:
            raise http.client.HTTPException
        kept, is_cut = _body(answer, outgoing.max_kept_bytes)
    except (OSError, http.client.HTTPException) as error:
        if deadline.has_passed or isinstance(error, TimeoutError):
            raise _too_late(target, deadline) from error
        raise MalformedAnswer(_fault(target, error)) from error
    if deadline.has_passed:
        raise _too_late(target, deadline)
    return Received(answer.status, _headers(answer), kept, is_cut)


def _send(client: http.client.HTTPConnection, target: Target, outgoing: Outgoing) -> None:
    headers = outgoing.headers
    client.putrequest(outgoing.method, target.path, skip_host=True, skip_accept_encoding=True)
    client.putheader("Host", target.place)
    if not any(name.lower() == "user-agent" for name in headers):
        client.putheader("User-Agent", USER_AGENT)
    for name, value in headers.items():
        client.putheader(name, value)
    client.putheader("Accept-Encoding", "identity")
    if outgoing.method != "GET":
        client.putheader("Content-Length", str(len(outgoing.body)))
    client.putheader("Connection", "close")
    client.endheaders(outgoing.body)


def _body(answer: http.client.HTTPResponse, max_bytes: int) -> tuple[bytes, bool]:
    """The first bytes of the body, and whether there were more. A fault in the body does not change the status."""
    kept, length = bytearray(), 0
    try:
        for piece in iter(functools.partial(answer.read1, max_bytes), b""):
            length += len(piece)
            kept += piece[: max_bytes - len(kept)]
    except TimeoutError:
        raise
    except (OSError, ValueError, http.client.HTTPException):
        return bytes(kept), True
    return bytes(kept), length > max_bytes or bool(answer.length)


def _headers(answer: http.client.HTTPResponse) -> tuple[tuple[str, str], ...]:
    return tuple((name, re.sub(r"[\x00-\x20\x7f]+", " ", value)) for name, value in answer.getheaders())


def _fault(target: Target, error: Exception) -> str:
    if isinstance(error, _TooLong | http.client.LineTooLong) or "headers" in str(error):
        return _("%(place)s sent more headers than are allowed.", place=target.place)
    is_cut_off = isinstance(error, http.client.RemoteDisconnected)
    if isinstance(error, http.client.UnknownProtocol | http.client.BadStatusLine) and not is_cut_off:
        return _("%(place)s did not answer in HTTP/1.1.", place=target.place)
    return _("%(place)s closed the connection before its answer was complete.", place=target.place)


def _too_late(target: Target, deadline: Deadline) -> DeadlineExceeded:
    return DeadlineExceeded(
        _(
            "%(place)s did not answer completely within %(count)s seconds.",
            place=target.place,
            count=f"{deadline.seconds:g}",
        )
    )
