"""Panels that are in memory, answered before Flask begins: a thousand pages ask for the same fragment at once.

Nothing is checked less than in Flask. The session of the Cookie header must have been verified moments ago
(accounts/user_cache.py), and the render must be new enough for what Redis's log had after the request arrived. In any other
case Flask handles the request.
"""

from __future__ import annotations

from collections.abc import Iterable
from time import perf_counter
from typing import TYPE_CHECKING

from flask import Flask

from ..accounts import user_cache
from ..observability.metrics import web as metrics
from ..panels import cache
from ..panels.registry import PANELS
from ..panels.render import Render
from ..server import security_headers
from ..signals import log_follower
from . import access, several_panels
from .panels import CONTENT_TYPE, headers

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

SEVERAL = "/panels"
PAGE_USER = "HTTP_" + access.PAGE_USER.upper().replace("-", "_")
KNOWN = "HTTP_" + several_panels.HEADER.upper().replace("-", "_")  # as WSGI calls the header

Answer = tuple[str, dict[str, str], bytes]  # status, headers, body


class PanelFastPath:
    """A WSGI application in front of another."""

    def __init__(self, app: Flask, behind: WSGIApplication) -> None:
        self._behind = behind
        self._visitors: user_cache.UserCache = app.extensions["doorbell_visitors"]
        self._logs: log_follower.SignalLogs = app.extensions["doorbell_signal_logs"]
        self._cache: cache.PanelCache = app.extensions["doorbell_panels"]
        self._panels = {f"{SEVERAL}/{name}": (name,) for name in PANELS}
        self._headers = list(security_headers.headers(app).items())

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        began = perf_counter()
        names = self._names(environ)
        found = self._find(environ, names) if names else None
        if found is None:
            return self._behind(environ, start_response)
        renders, seq = found
        if environ["PATH_INFO"] == SEVERAL:
            endpoint, (status, said, body) = "several", _several(environ, names, renders, seq)
        else:
            endpoint, (status, said, body) = names[0], _one(environ, renders[0], seq)
        start_response(status, [*self._headers, *said.items()])
        metrics.count(f"panels.{endpoint}", "GET", int(status[:3]), began)
        return [body] if body else []

    def _names(self, environ: WSGIEnvironment) -> tuple[str, ...]:
        """Of the panels that are asked for; none for any other request, and for one that is wrong."""
        path = environ.get("PATH_INFO", "")
        if environ["REQUEST_METHOD"] != "GET" or not path.startswith(SEVERAL):
            return ()
        if path != SEVERAL:
            return self._panels.get(path, ())
        try:
            return several_panels.names_in(environ.get("QUERY_STRING", ""))
        except several_panels.UnknownPanel:
            return ()

    def _find(self, environ: WSGIEnvironment, names: tuple[str, ...]) -> tuple[list[Render], int] | None:
        """The renders, and the seq that they are up to."""
        visitor = self._visitors.of_cookie(environ.get("HTTP_COOKIE", ""))
        log = self._logs.read(visitor.audience.tenant_id) if visitor is not None else None
        if visitor is None or log is None:
            return None
        if environ.get(PAGE_USER, visitor.page_user) != visitor.page_user:
            return None  # the ordinary way says so
        root, audience, seq = environ.get("SCRIPT_NAME", ""), visitor.audience, log.seq
        renders = self._cache.find([((name, root, audience), PANELS[name].topics) for name in names], log)
        return (renders, seq) if renders is not None else None


def _one(environ: WSGIEnvironment, render: Render, seq: int) -> Answer:
    etag = f'"{render.etag}"'
    said = {"ETag": etag, **headers(render, seq)}
    if etag in environ.get("HTTP_IF_NONE_MATCH", ""):
        metrics.PANELS_UNCHANGED.inc()
        return "304 NOT MODIFIED", said, b""
    return "200 OK", {**said, **_of_body(render.body)}, render.body


def _several(environ: WSGIEnvironment, names: tuple[str, ...], renders: list[Render], seq: int) -> Answer:
    answer = several_panels.put_together(dict(zip(names, renders, strict=True)), environ.get(KNOWN, ""))
    said = {several_panels.HEADER: answer.seen, **headers(answer.as_of, seq)}
    return "200 OK", {**said, **_of_body(answer.body)}, answer.body


def _of_body(body: bytes) -> dict[str, str]:
    return {"Content-Type": CONTENT_TYPE, "Content-Length": str(len(body))}


def init_app(app: Flask) -> None:
    """Call it after all that the requests need: it stands before what `app.wsgi_app` is by then."""
    app.wsgi_app = PanelFastPath(app, app.wsgi_app)  # type: ignore[method-assign]
