"""The service worker, which shows pushed notifications. A browser limits it to its folder, so its address is in the root."""

from __future__ import annotations

from flask import Blueprint, Response, send_from_directory

from ..server import static_files
from .access import public

bp = Blueprint("service_worker", __name__)


@bp.get("/service-worker.js")
@public("a script, the same for all users; browsers check it for updates, also after a sign-out")
def script() -> Response:
    response = send_from_directory(static_files.FOLDER, "service-worker.js", mimetype="text/javascript")
    response.headers["Cache-Control"] = "no-cache"
    return response
