"""The service worker. A browser limits it to its folder, so its address is in the root."""

from __future__ import annotations

from flask import Blueprint, Response

from ..server import static_files
from .access import public

bp = Blueprint("service_worker", __name__)


@bp.get("/service-worker.js")
@public("a script, the same for all users; browsers check it for updates, also after a sign-out")
def script() -> Response:
    """The script, with the version of the static files: a browser installs each version, which keeps its files again."""
    text = (static_files.FOLDER / "service-worker.js").read_text()
    response = Response(f"{text}// Version {static_files.version()}\n", mimetype="text/javascript")
    response.headers["Cache-Control"] = "no-cache"
    return response
