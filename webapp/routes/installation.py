"""Doorbell as an installed app: its manifest, and the page that it shows without a connection.

Both are the same for all users. `?lang=` names their language, because a browser requests a manifest without cookies, and the
service worker keeps the page of the reader's language.
"""

from __future__ import annotations

import json
from typing import Any

from babel import Locale
from flask import Blueprint, Response, render_template, request
from flask_babel import force_locale

from ..language import gettext as _
from ..language import locales
from .access import public

bp = Blueprint("installation", __name__)

# The surface and the ground of light pages, as in doorbell.css. A manifest has no colours for dark; pages do.
THEME_COLOUR = "#ffffff"
BACKGROUND_COLOUR = "#f9fafb"
# Without the digest of other static files: a new address would be a new icon for each release.
ICONS = (("icon-192.png", 192, "any"), ("icon-512.png", 512, "any"), ("maskable-512.png", 512, "maskable"))


@bp.get("/manifest.webmanifest")
@public("names, colours and icons of the app, the same for all users; browsers send no cookie")
def manifest() -> Response:
    language = _language()
    with force_locale(language):
        text = json.dumps(_manifest(language), ensure_ascii=False)
    response = Response(text, mimetype="application/manifest+json")
    response.headers["Cache-Control"] = "no-cache"
    return response


@bp.get("/offline")
@public("a page without data, the same for all users; the service worker keeps it")
def offline() -> Response:
    language = _language()
    with force_locale(language):
        text = render_template("pages/offline.html", language=language, direction=Locale(language).text_direction)
    response = Response(text)
    response.headers["Cache-Control"] = "no-cache"
    return response


def _language() -> str:
    asked = request.args.get("lang", "")
    return locales.accepted(asked) or locales.accepted(request.headers.get("Accept-Language", "")) or locales.DEFAULT


def _manifest(language: str) -> dict[str, Any]:
    # Home and the shortcuts are addresses of this site, so the app opens where the browser would.
    return {
        "id": "/",
        "name": "Doorbell",
        "short_name": "Doorbell",
        "description": _("Your sales board, live."),
        "lang": language,
        "dir": Locale(language).text_direction,
        "start_url": "/",
        "scope": "/",
        "display": "standalone",
        "theme_color": THEME_COLOUR,
        "background_color": BACKGROUND_COLOUR,
        "categories": ["business", "productivity"],
        "icons": [_icon(*icon) for icon in ICONS],
        "shortcuts": [
            {"name": name, "url": url, "icons": [_icon(*ICONS[0])]}
            for name, url in (
                (_("Board"), "/"),
                (_("Orders"), "/orders"),
                (_("New order"), "/orders/new"),
                (_("Inbox"), "/inbox"),
            )
        ],
    }


def _icon(name: str, size: int, purpose: str) -> dict[str, str]:
    return {"src": f"/static/icons/{name}", "sizes": f"{size}x{size}", "type": "image/png", "purpose": purpose}
