"""Opens streams before Flask runs, because after a restart thousands of pages open theirs at once.

The checks are the same as in Flask: the Cookie header's signature, its session and its user (accounts/user_cache.py). In any
other case Flask handles the request: another transport, HEAD, an unusual query.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from flask import Flask

from ..observability.metrics import web as metrics
from ..server import security_headers
from ..services import services
from ..streams.capacity import StreamRefused
from ..streams.opening import HEADERS, STATUS, StreamRequest, readable_seq
from . import known_users

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PATH = "/stream"
# As base.html writes it.
_QUERY = re.compile(r"(?:since=(?P<since>\d*))?(?:&?user=(?P<user>\d+))?", re.ASCII)


class StreamFastPath:
    """A WSGI application in front of another."""

    def __init__(self, app: Flask, behind: WSGIApplication) -> None:
        self._behind = behind
        self._users = services(app).users
        self._opener = services(app).streams
        # As Flask marks an answer that depends on the session.
        vary = ("Vary", "Accept-Language, Cookie")
        self._headers = [*HEADERS.items(), *security_headers.headers(app).items(), vary]

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ.get("PATH_INFO") != PATH or environ["REQUEST_METHOD"] != "GET":
            return self._behind(environ, start_response)
        asked = self._asked(environ) if self._opener.can_hijack(environ, start_response) else None
        if asked is None:
            return self._behind(environ, start_response)
        metrics.count(metrics.ENDLESS, "GET", 200, None)
        try:
            return self._opener.open_on_socket(asked, environ, start_response, self._headers)
        except StreamRefused as refused:
            start_response(STATUS, [*self._headers, ("Content-Length", str(len(refused.frame)))])
            return [refused.frame]

    def _asked(self, environ: WSGIEnvironment) -> StreamRequest | None:
        query = _QUERY.fullmatch(environ.get("QUERY_STRING", ""))
        found = known_users.find(self._users, environ, query["user"]) if query else None
        if query is None or found is None:
            return None
        user, session = found
        last: str | None = environ.get("HTTP_LAST_EVENT_ID")
        since = readable_seq(last or query["since"] or "0")
        return StreamRequest(user.tenant_id, user.user.id, session, since, reconnect=last is not None)


def init_app(app: Flask) -> None:
    """Call this last, because it wraps the `app.wsgi_app` of that time."""
    app.wsgi_app = StreamFastPath(app, app.wsgi_app)  # type: ignore[method-assign]
