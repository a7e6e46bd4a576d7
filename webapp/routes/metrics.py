"""The metrics page for Prometheus, protected by METRICS_TOKEN instead of a sign-in. Without that setting it is a 404."""

from __future__ import annotations

from flask import Blueprint, Response, abort, request

from ..observability.metrics import bearer, web
from ..services import services
from .access import public

TEXT = "text/plain; charset=utf-8"

bp = Blueprint("metrics", __name__)


@bp.get("/metrics")
@public("for Prometheus, with METRICS_TOKEN; 404 without that setting")
def metrics() -> Response:
    config = services().config
    if not config.metrics_token:
        abort(404)
    if not bearer.allows(request.headers.get("Authorization", ""), config.metrics_token):
        return Response(bearer.HELP, 401, {"WWW-Authenticate": "Bearer"}, content_type=TEXT)
    body, content_type = web.exposition(request.headers.get("Accept", ""))
    return Response(body, content_type=content_type, headers={"Cache-Control": "no-store"})
