"""Panels that are in memory, answered before Flask begins: a thousand pages ask for the same fragment at once.

Nothing is weaker here than behind it. The Cookie header must be one whose session was verified moments ago (visitors.py),
the render one that is new enough for a look into Redis's log after the request came. Whatever else is the case, the request
goes its ordinary way.
"""

from __future__ import annotations

from collections.abc import Iterable
from time import perf_counter
from typing import TYPE_CHECKING, Any

from flask import Flask

from .. import panel_cache, security, signal_log, visitors
from ..metrics import web as metrics
from ..panel_cache import Render
from ..queries import PANELS
from .panels import CONTENT_TYPE, headers

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

Answer = tuple[Render, int, str]  # with the seq it is up to and the panel's endpoint


class QuickPanels:
    """A WSGI application in front of another."""

    def __init__(self, app: Flask, behind: WSGIApplication) -> None:
        self._behind = behind
        self._visitors: visitors.Visitors = app.extensions["doorbell_visitors"]
        self._logs: signal_log.SignalLogs = app.extensions["doorbell_signal_logs"]
        self._cache: panel_cache.PanelCache = app.extensions["doorbell_panels"]
        self._panels = {f"/panels/{name}": (name, panel.topics, f"panels.{name}") for name, panel in PANELS.items()}
        self._headers = list(security.headers(app).items())

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        began = perf_counter()
        answer = self._answer(environ)
        if answer is None:
            return self._behind(environ, start_response)
        render, seq, endpoint = answer
        etag = f'"{render.etag}"'
        said = [*self._headers, ("ETag", etag), *headers(render, seq).items()]
        if etag in environ.get("HTTP_IF_NONE_MATCH", ""):
            start_response("304 NOT MODIFIED", said)
            metrics.PANELS_UNCHANGED.inc()
            metrics.count(endpoint, "GET", 304, began)
            return []
        start_response("200 OK", [*said, ("Content-Type", CONTENT_TYPE), ("Content-Length", str(len(render.body)))])
        metrics.count(endpoint, "GET", 200, began)
        return [render.body]

    def _answer(self, environ: dict[str, Any]) -> Answer | None:
        panel = self._panels.get(environ.get("PATH_INFO", ""))
        if panel is None or environ["REQUEST_METHOD"] != "GET":
            return None
        visitor = self._visitors.of_cookie(environ.get("HTTP_COOKIE", ""))
        if visitor is None:
            return None
        name, topics, endpoint = panel
        log = self._logs.look(visitor.audience.tenant_id)
        if log is None:
            return None
        render = self._cache.find((name, environ.get("SCRIPT_NAME", ""), visitor.audience), topics, log)
        return (render, log.seq, endpoint) if render is not None else None


def init_app(app: Flask) -> None:
    """Call it after all that the requests need: it stands before what `app.wsgi_app` is by then."""
    app.wsgi_app = QuickPanels(app, app.wsgi_app)  # type: ignore[method-assign]
