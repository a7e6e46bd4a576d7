"""The SSE endpoint. A stream is one open response, fed by the hub (streams/hub.py).

Most streams open before Flask (routes/stream_fast_path.py). The transport is chosen only here and there: straight to the
socket when the connection can be hijacked from the server, else a generator.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from flask import Blueprint, Response, request
from flask_login import current_user

from .accounts import sessions
from .language import gettext as _
from .services import services
from .signals import notices
from .streams.capacity import StreamRefused
from .streams.opening import HEADERS, StreamOpener, StreamRequest, readable_seq

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

bp = Blueprint("stream", __name__, url_prefix="/stream")


@bp.get("")
def stream() -> Response:
    """Named events until the stream's life ends. Answers 401 as text, because an EventSource cannot show a page."""
    if not current_user.is_authenticated:
        return Response(_("Sign in first.") + "\n", 401, content_type="text/plain; charset=utf-8")
    since = readable_seq(request.headers.get("Last-Event-ID") or request.args.get("since") or "0")
    reconnect = "Last-Event-ID" in request.headers
    asked = StreamRequest(current_user.tenant_id, current_user.id, sessions.current(), since, reconnect)
    return StreamResponse(services().streams, asked)


def end_session(key: sessions.SessionKey) -> None:
    """Close this process's streams of a session that has just ended, and make the other processes check theirs."""
    services().users.end(key.id)
    services().hub.end_session(key.id)
    notices.sessions_ended(services().redis)


class StreamResponse(Response):
    """Opens its stream when the server calls it for the body, because the connection is unknown before."""

    def __init__(self, opener: StreamOpener, asked: StreamRequest) -> None:
        super().__init__(headers=HEADERS)
        self._opener, self._asked = opener, asked

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] == "HEAD":
            return super().__call__(environ, start_response)
        try:
            if self._opener.can_hijack(environ, start_response):
                headers = self.get_wsgi_headers(environ)
                headers.remove("Content-Length")  # of the empty body
                return self._opener.open_on_socket(self._asked, environ, start_response, headers.to_wsgi_list())
            opened = self._opener.open_generator(self._asked)
        except StreamRefused as refused:
            self.set_data(refused.frame)
        else:
            self.response = opened.frames()
            self.call_on_close(lambda: self._opener.close(opened))
        return super().__call__(environ, start_response)
