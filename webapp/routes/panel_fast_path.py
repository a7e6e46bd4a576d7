"""Answers requests for panels in memory before Flask runs, because a thousand pages request the same fragment at once.

The checks are the same as in Flask: the Cookie header's signature, its session and its user (accounts/user_cache.py). The
render must include all that Redis's log had after the request arrived. In any other case Flask handles the request.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from time import perf_counter, thread_time
from typing import TYPE_CHECKING

from flask import Flask

from ..accounts.cached_user import CachedUser, PanelScope
from ..language import locales
from ..models import Tenant
from ..observability.metrics import web as metrics
from ..panels.costs import PROCESS
from ..panels.groups import GROUPS, TOPICS, groups_of
from ..panels.registry import PANELS
from ..panels.render import GroupRender, Render
from ..server import security_headers, single_write
from ..services import services
from ..signals.log_follower import Log
from . import known_users, panel_batch
from .panels import CONTENT_TYPE, headers
from .render_requests import RESERVED, render_request

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

BATCH = "/panels"
# Headers as WSGI names them.
KNOWN = "HTTP_" + panel_batch.HEADER.upper().replace("-", "_")
PAGE_LANGUAGE = "HTTP_" + locales.PAGE_LANGUAGE.upper().replace("-", "_")

Key = tuple[str, str, PanelScope]  # group of panels, root of the addresses, scope
Answer = tuple[str, dict[str, str], bytes]  # status, headers, body


class PanelFastPath:
    """A WSGI application in front of another."""

    def __init__(self, app: Flask, behind: WSGIApplication) -> None:
        self._behind = behind
        self._users = services(app).users
        self._logs = services(app).signal_logs
        self._renders = services(app).renders
        self._hub = services(app).hub
        self._panels = {f"{BATCH}/{name}": (name,) for name in PANELS}
        self._headers = tuple(security_headers.headers(app).items())

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        began = perf_counter()
        names = self._names(environ)
        found = self._find(environ) if names else None
        if found is None:
            return self._behind(environ, start_response)
        cpu, (user, log) = thread_time(), found
        # Read before the wait: signals may arrive until the renders are there.
        seq = log.seq
        scope = user.scope(environ.get(PAGE_LANGUAGE, ""), environ.get("HTTP_ACCEPT_LANGUAGE", ""))
        keys = [(group, environ.get("SCRIPT_NAME", ""), scope) for group in groups_of(names)]
        jobs = self._renders.find([(key, TOPICS[key[0]]) for key in keys], log)
        if jobs is None:
            return self._render(environ, start_response, keys, user.tenant, log)
        # Other requests run during the wait.
        cpu -= thread_time()
        found_groups = self._renders.wait(jobs)
        cpu += thread_time()
        if found_groups is None:
            # Flask responds with the error of the job that this request has joined.
            environ[RESERVED] = {job.request.key: job for job in jobs if job.error is not None}
            return self._behind(environ, start_response)
        renders = self._own(_renders(names, found_groups), keys[0], user)
        if not renders:
            # Flask paints the user's own fragment, or responds with the error.
            return self._behind(environ, start_response)
        if environ["PATH_INFO"] == BATCH:
            endpoint, (status, answer_headers, body) = "batch", _batch(environ, renders, seq)
        else:
            endpoint, (status, answer_headers, body) = names[0], _one(environ, renders[names[0]], seq)
        metrics.count(f"panels.{endpoint}", "GET", int(status[:3]), began)
        sent = single_write.send(environ, start_response, status, self._headers, answer_headers.items(), body)
        PROCESS.refetched(thread_time() - cpu)
        return sent

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

    def _find(self, environ: WSGIEnvironment) -> tuple[CachedUser, Log] | None:
        """The user, and the tenant's signals until now."""
        known = known_users.find(self._users, environ)
        log = self._logs.read(known[0].tenant_id) if known else None
        return None if known is None or log is None else (known[0], log)

    def _own(self, renders: dict[str, Render], key: Key, user: CachedUser) -> dict[str, Render] | None:
        """The renders with the user's own fragments of personal panels; None if one has to be painted."""
        keys = [(name, *key[1:]) for name in renders]
        own = self._renders.personal.find_all(keys, list(renders.values()), user.user.id)
        return None if own is None else dict(zip(renders, own, strict=True))

    def _render(
        self, environ: WSGIEnvironment, start_response: StartResponse, keys: list[Key], tenant: Tenant, log: Log
    ) -> Iterable[bytes]:
        """Let Flask render. The jobs are opened here, so that of a thousand requests at this moment only one goes there."""
        now = datetime.fromtimestamp(self._renders.epoch(), UTC)
        seconds = PROCESS.pacing(self._hub.viewers(tenant.id)).round_seconds
        wanted = [render_request(key, GROUPS[key[0]], tenant, now, seconds) for key in keys]
        environ[RESERVED] = reserved = self._renders.reserve(wanted, log)
        try:
            return self._behind(environ, start_response)
        finally:
            self._renders.release(reserved)


def _one(environ: WSGIEnvironment, render: Render, seq: int) -> Answer:
    etag = f'"{render.etag}"'
    answer_headers = {"ETag": etag, **headers(render, seq)}
    if etag in environ.get("HTTP_IF_NONE_MATCH", ""):
        metrics.PANELS_UNCHANGED.inc()
        return "304 NOT MODIFIED", answer_headers, b""
    return "200 OK", {**answer_headers, **_content_headers(render.body)}, render.body


def _renders(names: tuple[str, ...], groups: list[GroupRender]) -> dict[str, Render]:
    """The renders of these panels; those that failed are left out."""
    by_name = {name: render for group in groups for name, render in group.renders.items()}
    return {name: render for name in names if isinstance(render := by_name[name], Render)}


def _batch(environ: WSGIEnvironment, renders: dict[str, Render], seq: int) -> Answer:
    answer = panel_batch.build(renders, environ.get(KNOWN, ""))
    answer_headers = {panel_batch.HEADER: answer.etags, **headers(answer.as_of, seq)}
    return "200 OK", {**answer_headers, **_content_headers(answer.body)}, answer.body


def _content_headers(body: bytes) -> dict[str, str]:
    return {"Content-Type": CONTENT_TYPE, "Content-Length": str(len(body))}


def init_app(app: Flask) -> None:
    """Call this last, because it wraps the `app.wsgi_app` of that time."""
    app.wsgi_app = PanelFastPath(app, app.wsgi_app)  # type: ignore[method-assign]
