"""The SSE endpoint. A stream is one open response, fed by the hub (streams/hub.py).

The transport is chosen only here: straight to the socket when the connection can be hijacked from the server, else a generator.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, request
from flask_login import current_user

from .accounts import sessions
from .server import hijack
from .services import services
from .signals import notices
from .streams.base import Stream
from .streams.generator_stream import GeneratorStream
from .streams.hub import StreamRefused
from .streams.socket_stream import SocketStream

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

HEADERS = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-cache, no-transform",
    "X-Accel-Buffering": "no",  # else nginx buffers events
}

bp = Blueprint("stream", __name__, url_prefix="/stream")


@bp.get("")
def stream() -> Response:
    """Named events until the stream's life ends. Answers 401 as text, because an EventSource cannot show a page."""
    if not current_user.is_authenticated:
        return Response("Sign in first.\n", 401, content_type="text/plain; charset=utf-8")
    reconnect = "Last-Event-ID" in request.headers
    return StreamResponse(current_user.tenant_id, current_user.id, _since(), reconnect)


def end_session(key: sessions.SessionKey) -> None:
    """Close this process's streams of a session that has just ended, and make the other processes check theirs."""
    services().users.end(key.id)
    services().hub.end_session(key.id)
    notices.sessions_ended(services().redis)


def _since() -> int | None:
    """The seq that the page has seen: from the header of a reconnect, else from its first paint; None when unreadable."""
    text = request.headers.get("Last-Event-ID") or request.args.get("since") or "0"
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


class StreamResponse(Response):
    """Opens its stream when the server calls it for the body, because the connection is unknown before."""

    def __init__(self, tenant_id: int, user_id: int, since: int | None, reconnect: bool) -> None:
        super().__init__(headers=HEADERS)
        self._owner, self._since, self._reconnect = (tenant_id, user_id), since, reconnect
        self._session, self._user_cache = sessions.current(), services().users
        self._hub = services().hub
        self._config = services().config

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] == "HEAD":
            return super().__call__(environ, start_response)
        hijacked = self._config.stream_transport == "socket" and hijack.can_hijack(environ, start_response)
        try:
            if hijacked:
                return self._by_socket(environ, start_response)
            return self._by_generator(environ, start_response)
        except StreamRefused as refused:
            self.set_data(refused.frame)
            return super().__call__(environ, start_response)

    def _open(self, opened: Stream) -> None:
        opened.session = self._session
        self._hub.open(opened, self._since, self._reconnect)
        # The session may have been signed out before the hub had the stream.
        if self._session and self._user_cache.is_over(self._session):
            self._hub.close(opened, "session")

    def _by_socket(self, environ: WSGIEnvironment, start_response: Any) -> Iterable[bytes]:
        opened = SocketStream(*self._owner, self._hub.sockets())
        try:
            self._open(opened)
            headers = self.get_wsgi_headers(environ)
            headers.remove("Content-Length")  # of the empty body
            opened.begin(hijack.hijack(environ, start_response, self.status, headers.to_wsgi_list()))
        except OSError:  # the page is gone already
            self._hub.close(opened, "hangup")
        except BaseException:
            self._hub.close(opened, "hangup")
            raise
        return ()

    def _by_generator(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        opened = GeneratorStream(*self._owner)
        self._open(opened)
        self.response = opened.frames()
        self.call_on_close(lambda: self._hub.close(opened, "hangup"))
        return super().__call__(environ, start_response)
