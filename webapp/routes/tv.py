"""The addresses of TVs: `/tv/<token>` and below. They only read, of the token's tenant, and need no user and no cookie."""

from __future__ import annotations

from flask import Blueprint, Response, g, make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue

from ..accounts.sign_in_throttle import client_of
from ..language import gettext as _
from ..language import ngettext
from ..services import services
from ..tv import links
from ..tv.links import FoundTv
from . import tv_views
from .access import public

# The token in the address is a secret: it is sent to no other site, and search engines keep away.
HEADERS = {"Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex, nofollow"}
# A page that cannot be shown now tries again by itself, because no person stands at a TV with a keyboard.
RETRY_SECONDS, REVOKED_RETRY_SECONDS = 15, 300

bp = Blueprint("tv", __name__, url_prefix="/tv")


@bp.before_request
def _find() -> ResponseReturnValue | None:
    """Find the TV by its token, or answer with the reason why it cannot be shown."""
    found = links.find(str((request.view_args or {}).get("token", "")))
    if found is None:
        wait = services().unknown_tv_limit.wait(client_of(request.remote_addr or ""))
        if wait:
            text = ngettext(
                "Too many unknown TV links. Try again in %(num)s second.",
                "Too many unknown TV links. Try again in %(num)s seconds.",
                wait,
            )
            return _refused(text, 429)
        return _refused(
            _(
                "This TV link is not valid. Check the address. If it was replaced, a manager finds it under "
                "Settings → TV screens."
            ),
            404,
        )
    tv_views.begin(found)
    if found.link.revoked_at is not None:
        return _refused(_("This TV link was revoked. A manager can make a new one under Settings → TV screens."), 410)
    g.tv = found
    return None


@bp.after_request
def _add_headers(response: Response) -> Response:
    response.headers.update(HEADERS)
    if request.endpoint == "tv.page" and response.status_code >= 400:
        seconds = RETRY_SECONDS if response.status_code >= 500 else REVOKED_RETRY_SECONDS
        response.headers["Refresh"] = str(seconds)
    return response


@bp.get("/<token>")
@public("a TV shows its figures by the token in its address")
def page(token: str) -> Response:
    links.seen(_tv().link)
    return tv_views.page(_tv(), url_for("tv.page", token=token))


@bp.get("/<token>/screens/<name>")
@public("a TV refetches its screens by the token in its address")
def screen(token: str, name: str) -> Response:
    links.seen(_tv().link)
    return tv_views.screen(_tv(), name)


@bp.get("/<token>/paid")
@public("a TV asks for paid orders by the token in its address")
def paid(token: str) -> Response:
    return tv_views.paid(_tv())


@bp.get("/<token>/stream")
@public("a TV opens its stream by the token in its address")
def stream(token: str) -> Response:
    return tv_views.stream(_tv())


def _tv() -> FoundTv:
    found: FoundTv = g.tv
    return found


def _refused(words: str, status: int) -> Response:
    """A page for a TV, and text for its scripts."""
    if request.endpoint != "tv.page":
        return tv_views.text(words, status)
    return make_response(render_template("tv/message.html", message=words), status)
