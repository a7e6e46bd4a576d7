"""Opens streams: registers them with the hub, and hijacks their connections. Shared by Flask's route and the fast path."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ..accounts.sessions import SessionKey
from ..accounts.user_cache import UserCache
from ..server import hijack
from .base import Stream
from .generator_stream import GeneratorStream
from .hub import Hub
from .socket_stream import SocketStream

STATUS = "200 OK"
HEADERS = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-cache, no-transform",
    "X-Accel-Buffering": "no",  # else nginx buffers events
}


@dataclass(frozen=True)
class StreamRequest:
    """A request for a stream, of a signed-in user or of a TV (base.Stream).

    `since`: the seq that the page has seen; None when it is unreadable.
    """

    tenant_id: int
    user_id: int
    session: SessionKey | None
    since: int | None
    reconnect: bool


def readable_seq(text: str) -> int | None:
    """The seq that a page sent; None when it is not one."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


class StreamOpener:
    """`open_*` raise StreamRefused when there is no capacity."""

    def __init__(self, hub: Hub, users: UserCache, transport: str) -> None:
        self._hub, self._users = hub, users
        self._hijacks = transport == "socket"

    def can_hijack(self, environ: dict[str, Any], start_response: Any) -> bool:
        return self._hijacks and hijack.can_hijack(environ, start_response)

    def open_on_socket(
        self, asked: StreamRequest, environ: dict[str, Any], start_response: Any, headers: list[tuple[str, str]]
    ) -> Iterable[bytes]:
        """Send the head and the greeting, and keep the connection. Returns the empty WSGI response."""
        stream = SocketStream(asked.tenant_id, asked.user_id, self._hub.sockets())
        try:
            self._register(stream, asked)
            stream.begin(*hijack.hijack(environ, start_response, STATUS, headers))
        except OSError:  # the page is gone already
            self.close(stream)
        except BaseException:
            self.close(stream)
            raise
        return ()

    def open_generator(self, asked: StreamRequest) -> GeneratorStream:
        """A stream whose frames its caller sends; then the caller closes it."""
        stream = GeneratorStream(asked.tenant_id, asked.user_id)
        self._register(stream, asked)
        return stream

    def close(self, stream: Stream) -> None:
        self._hub.close(stream, "hangup")

    def _register(self, stream: Stream, asked: StreamRequest) -> None:
        stream.session = asked.session
        self._hub.open(stream, asked.since, asked.reconnect)
        # The session may have been signed out before the hub had the stream.
        if asked.session and self._users.is_over(asked.session):
            self._hub.close(stream, "session")
