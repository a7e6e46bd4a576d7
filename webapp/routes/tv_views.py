"""The answers for a TV and for the preview of one: its page, its screens, paid orders and the stream."""

from __future__ import annotations

from flask import Response, make_response, render_template, request

from ..accounts.current import current_locale, show_tenant
from ..accounts.sessions import SessionKey
from ..display import clock
from ..language import locales
from ..observability.metrics import web as metrics
from ..queries import paid_now
from ..services import services
from ..signals import signal_log
from ..stream import StreamResponse
from ..streams.opening import StreamRequest, readable_seq
from ..tv.links import FoundTv
from ..tv.screens import SCREENS, TITLES
from . import tv_renders
from .panels import CONTENT_TYPE, SNAPSHOT, headers

VERSION = "Doorbell-TV"
SEEN = "Doorbell-Seen"
# The page loads itself again at this minute of the tenant's day, or up to SPREAD_MINUTES later, which differs per TV.
NIGHT_MINUTE, SPREAD_MINUTES = 4 * 60, 45


def begin(found: FoundTv) -> None:
    """Make the request one for the TV's tenant, in the TV's language."""
    show_tenant(found.tenant, locales.page_locale(found.link.language, found.tenant.locale))


def page(found: FoundTv, address: str) -> Response:
    """The whole page with all chosen screens. `address` is the base of its requests."""
    link, tenant = found.link, found.tenant
    since = signal_log.latest_seq(services().redis, tenant.id)
    names = [name for name in link.screens if name in SCREENS]
    renders = tv_renders.screens(found, names, services().signal_logs.read(tenant.id), first_paint=True)
    html = render_template(
        "tv/page.html",
        link=link,
        tenant=tenant,
        address=address,
        since=since,
        titles=TITLES,
        topics={name: SCREENS[name].topics for name in names},
        renders=renders,
        now=int(clock.epoch() * 1000),
        pace=tv_renders.pacing(tenant).page_ms,
        night=NIGHT_MINUTE + link.token_hash[0] % SPREAD_MINUTES,
        seen=paid_now.snapshot() if link.celebrates else "",
        version=tv_renders.version(found),
        locale=locales.tag(current_locale()),
    )
    return make_response(html)


def screen(found: FoundTv, name: str) -> Response:
    """One screen, or 304 if the page has it already."""
    if name not in SCREENS:
        return text(f"{name[:40]!r} is not a screen of a TV.", 404)
    log = services().signal_logs.read(found.tenant.id)
    seq = log.seq if log else None
    render = tv_renders.screens(found, [name], log)[name]
    response = Response(render.body, content_type=CONTENT_TYPE)
    response.set_etag(render.etag)
    response.headers.update(headers(render, seq))
    response.headers[VERSION] = tv_renders.version(found)
    response.make_conditional(request)
    if response.status_code == 304:
        metrics.PANELS_UNCHANGED.inc()
    return response


def paid(found: FoundTv) -> Response:
    """The banner for orders paid since the snapshot `seen`; empty if there are none."""
    seen = request.args.get("seen", "")
    if not SNAPSHOT.fullmatch(seen):
        return text(f"seen is {seen[:80]!r}; it must be a snapshot. Reload the page.", 400)
    data = paid_now.read(found.tenant, seen)
    hides_money = found.link.hides_money
    html = render_template("tv/celebration.html", data=data, hides_money=hides_money) if data.orders else ""
    return Response(html, content_type=CONTENT_TYPE, headers={SEEN: data.seen, "Cache-Control": "private, no-store"})


def stream(found: FoundTv, session: SessionKey | None = None) -> Response:
    """The tenant's signals. `session`: of the user who watches a preview."""
    since = readable_seq(request.headers.get("Last-Event-ID") or request.args.get("since") or "0")
    asked = StreamRequest(found.tenant.id, -found.link.id, session, since, "Last-Event-ID" in request.headers)
    return StreamResponse(services().streams, asked)


def text(words: str, status: int) -> Response:
    return Response(words, status, content_type="text/plain; charset=utf-8")
