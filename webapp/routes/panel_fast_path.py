"""Answers requests for panels in memory before Flask runs, because a thousand pages request the same fragment at once.

The checks are the same as in Flask. The session of the Cookie header must have been verified recently
(accounts/user_cache.py). The render must include all that Redis's log had after the request arrived. In any other case Flask
handles the request.
"""

from __future__ import annotations

from collections.abc import Iterable
from time import perf_counter
from typing import TYPE_CHECKING

from flask import Flask

from ..observability.metrics import web as metrics
from ..panels.costs import PROCESS
from ..panels.registry import PANELS
from ..panels.render import Render
from ..server import security_headers
from ..services import services
from . import known_users, panel_batch
from .panels import CONTENT_TYPE, headers

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

BATCH = "/panels"
# The header as WSGI names it.
KNOWN = "HTTP_" + panel_batch.HEADER.upper().replace("-", "_")

Answer = tuple[str, dict[str, str], bytes]  # status, headers, body


class PanelFastPath:
    """A WSGI application in front of another."""

    def __init__(self, app: Flask, behind: WSGIApplication) -> None:
        self._behind = behind
        self._users = services(app).users
        self._logs = services(app).signal_logs
        self._renders = services(app).renders
        self._panels = {f"{BATCH}/{name}": (name,) for name in PANELS}
        self._headers = list(security_headers.headers(app).items())

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        began = perf_counter()
        names = self._names(environ)
        found = self._find(environ, names) if names else None
        if found is None:
            return self._behind(environ, start_response)
        PROCESS.refetched()
        renders, seq = found
        if environ["PATH_INFO"] == BATCH:
            endpoint, (status, answer_headers, body) = "batch", _batch(environ, names, renders, seq)
        else:
            endpoint, (status, answer_headers, body) = names[0], _one(environ, renders[0], seq)
        start_response(status, [*self._headers, *answer_headers.items()])
        metrics.count(f"panels.{endpoint}", "GET", int(status[:3]), began)
        return [body] if body else []

    def _names(self, environ: WSGIEnvironment) -> tuple[str, ...]:
        """The requested panels; empty for any other request, and for one that is not valid."""
        path = environ.get("PATH_INFO", "")
        if environ["REQUEST_METHOD"] != "GET" or not path.startswith(BATCH):
            return ()
        if path != BATCH:
            return self._panels.get(path, ())
        try:
            return panel_batch.parse_names(environ.get("QUERY_STRING", ""))
        except panel_batch.UnknownPanel:
            return ()

    def _find(self, environ: WSGIEnvironment, names: tuple[str, ...]) -> tuple[list[Render], int] | None:
        """The renders, and the newest seq that they include."""
        known = known_users.find(self._users, environ)
        log = self._logs.read(known[0].scope.tenant_id) if known else None
        if known is None or log is None:
            return None
        user, _session = known
        root, scope, seq = environ.get("SCRIPT_NAME", ""), user.scope, log.seq
        renders = self._renders.find([((name, root, scope), PANELS[name].topics) for name in names], log)
        return (renders, seq) if renders is not None else None


def _one(environ: WSGIEnvironment, render: Render, seq: int) -> Answer:
    etag = f'"{render.etag}"'
    answer_headers = {"ETag": etag, **headers(render, seq)}
    if etag in environ.get("HTTP_IF_NONE_MATCH", ""):
        metrics.PANELS_UNCHANGED.inc()
        return "304 NOT MODIFIED", answer_headers, b""
    return "200 OK", {**answer_headers, **_content_headers(render.body)}, render.body


def _batch(environ: WSGIEnvironment, names: tuple[str, ...], renders: list[Render], seq: int) -> Answer:
    answer = panel_batch.build(dict(zip(names, renders, strict=True)), environ.get(KNOWN, ""))
    answer_headers = {panel_batch.HEADER: answer.etags, **headers(answer.as_of, seq)}
    return "200 OK", {**answer_headers, **_content_headers(answer.body)}, answer.body


def _content_headers(body: bytes) -> dict[str, str]:
    return {"Content-Type": CONTENT_TYPE, "Content-Length": str(len(body))}


def init_app(app: Flask) -> None:
    """Call this last, because it wraps the `app.wsgi_app` of that time."""
    app.wsgi_app = PanelFastPath(app, app.wsgi_app)  # type: ignore[method-assign]
