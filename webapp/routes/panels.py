"""The panels, each with its own URL: the same query and template that painted it first.

Errors are bare text, never a page in a box. "As of" goes in a header, so that an unchanged panel can answer 304 and still
say how fresh it is.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

from flask import Blueprint, Response, g, render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required
from markupsafe import Markup, escape
from sqlalchemy.exc import SQLAlchemyError

from ..accounts.current import current_tenant
from ..accounts.user_cache import audience_of
from ..db import db
from ..display import clock
from ..display.filters import clock_text, day_text
from ..models import Tenant
from ..observability import logs
from ..observability.metrics import web as metrics
from ..panels.cache import panel_cache
from ..panels.registry import PANELS, Panel
from ..panels.render import Render, RenderRequest
from ..queries import inbox, recent_orders
from ..queries.day import today
from ..signals.log_follower import Log, signal_logs
from . import several_panels

CONTENT_TYPE = "text/html; charset=utf-8"
MINUTE = timedelta(minutes=1)
SNAPSHOT = re.compile(r"[0-9]{1,19}:[0-9]{1,19}:([0-9]{1,19}(,[0-9]{1,19})*)?")

log = logs.get("panels")

bp = Blueprint("panels", __name__, url_prefix="/panels")


class RowGone(Exception):
    """The order of a row alone is not there any more, or was never this tenant's."""


def shared_panels(panels: Iterable[Panel], first_paint: bool = False) -> dict[str, Render]:
    """By name, as all of the visitor's audience see them: for a page's first paint (`first_paint`) and every refetch."""
    return {name: _or_raise(found) for name, found in _find(panels, first_paint).items()}


def _find(panels: Iterable[Panel], first_paint: bool = False) -> dict[str, Render | Exception]:
    wants = {panel.name: _wanted(panel.name, panel, _panel_html(panel), first_paint) for panel in panels}
    return dict(zip(wants, _cached(list(wants.values())), strict=True))


def _or_raise(found: Render | Exception) -> Render:
    if isinstance(found, Exception):
        raise found
    return found


def shared_row(order_id: int) -> Render:
    """One row of recent orders. Raises RowGone."""
    row = _wanted(f"recent_orders/{order_id}", PANELS["recent_orders"], lambda now: _row_html(order_id, now))
    return _or_raise(_cached([row])[0])


def shared_part(name: str, panel: Panel, html: Callable[[datetime], str]) -> Render:
    """A part of another page than the board, shared as its panels are; `panel` gives what makes it old."""
    return _or_raise(_cached([_wanted(name, panel, html)])[0])


def _panel_html(panel: Panel) -> Callable[[datetime], str]:
    return lambda now: render_template(f"panels/{panel.name}.html", data=panel.read(current_tenant(), now))


def _row_html(order_id: int, now: datetime) -> str:
    data = recent_orders.read_row(current_tenant(), now, order_id)
    if not data.orders:
        raise RowGone
    row = render_template("panels/recent_row.html", order=data.orders[0], today=data.today)
    return row.strip()  # the page morphs a row for a row: text around it would pile up


def _wanted(
    name: str, panel: Panel, html: Callable[[datetime], str], first_paint: bool = False
) -> tuple[RenderRequest, Callable[[], Render]]:
    cache, tenant = panel_cache(), current_tenant()

    def paint() -> Render:
        g.from_memory = False
        now = datetime.fromtimestamp(cache.clock(), UTC)
        try:
            return rendered(Markup(html(now)), now)  # noqa: S704 - escaped by Jinja
        except SQLAlchemyError:
            db.session.rollback()  # another panel of the same request is not to find a transaction that failed
            raise

    audience = audience_of(current_user, tenant)
    ends = _ends(tenant, datetime.fromtimestamp(cache.clock(), UTC), panel.moves)
    return RenderRequest((name, request.root_path, audience), panel.topics, panel.max_age, ends, first_paint), paint


def _ends(tenant: Tenant, now: datetime, moves: bool) -> float:
    """When the clock alone makes a render of `now` old: at the tenant's midnight, or with the minute where it `moves`."""
    midnight = today(tenant.timezone, now).end
    next_minute = now.replace(second=0, microsecond=0) + MINUTE
    return (min(midnight, next_minute) if moves else midnight).timestamp()


def _cached(wants: list[tuple[RenderRequest, Callable[[], Render]]]) -> list[Render | Exception]:
    g.from_memory = True  # routes/errors.py takes no such answer for one of the database
    return panel_cache().get_all(wants, newest_log())


def newest_log() -> Log | None:
    """Asked for once a request, after it began and before anything that is shown is queried."""
    if "signal_log" not in g:
        g.signal_log = signal_logs().read(current_user.tenant_id)
    log: Log | None = g.signal_log
    return log


def rendered(html: Markup, now: datetime) -> Render:
    body = html.encode()
    return Render(html, body, hashlib.sha1(body, usedforsecurity=False).hexdigest(), now, clock_text(now))


def render_inbox(data: inbox.Inbox) -> Markup:
    return Markup(render_template("panels/inbox.html", data=data))  # noqa: S704 - escaped by Jinja


def fragment(render: Render, seq: int | None = None) -> Response:
    """Answers with the render, or 304 when the page already has it."""
    response = Response(render.body, content_type=CONTENT_TYPE)
    response.set_etag(render.etag)
    response.headers.update(headers(render, seq))
    response.make_conditional(request)
    if response.status_code == 304:
        metrics.PANELS_UNCHANGED.inc()
    return response


def headers(render: Render, seq: int | None) -> dict[str, str]:
    """What goes with a fragment beside its ETag. `Doorbell-Now` is this server's clock in epoch ms.

    `Doorbell-Seq`: all that was signalled up to there is in the fragment; absent when that is not known.
    """
    said = {
        "Cache-Control": "private, no-cache",
        "Vary": "Cookie",
        "Doorbell-As-Of": render.as_of_header,
        "Doorbell-Now": str(int(clock.epoch() * 1000)),
    }
    return said | ({"Doorbell-Seq": str(seq)} if seq is not None else {})


@login_required
def show(panel_name: str) -> ResponseReturnValue:
    seq = _newest_seq()
    return fragment(shared_panels([PANELS[panel_name]])[panel_name], seq)


@bp.get("")
@login_required
def several() -> ResponseReturnValue:
    """Those that `names` lists, in one answer (several_panels.py)."""
    try:
        names = several_panels.names_in(request.query_string.decode("latin-1"))
    except several_panels.UnknownPanel as error:
        return str(error), 400, {"Content-Type": "text/plain; charset=utf-8"}
    seq = _newest_seq()
    renders = _that_came(_find(PANELS[name] for name in names))
    answer = several_panels.put_together(renders, request.headers.get(several_panels.HEADER, ""))
    said = headers(answer.as_of, seq) | {several_panels.HEADER: answer.seen}
    return answer.body, 200, said | {"Content-Type": CONTENT_TYPE}


def _that_came(found: dict[str, Render | Exception]) -> dict[str, Render]:
    """Without those that failed, which are in the log. When all failed, that is raised."""
    failed = {name: error for name, error in found.items() if isinstance(error, Exception)}
    if len(failed) == len(found):
        raise next(iter(failed.values()))
    for name, error in failed.items():
        log.error("a panel failed", panel=name, exc_info=error)
    return {name: render for name, render in found.items() if isinstance(render, Render)}


def _newest_seq() -> int | None:
    known = newest_log()
    return known.seq if known else None


for _panel in PANELS.values():
    bp.add_url_rule(f"/{_panel.name}", _panel.name, show, defaults={"panel_name": _panel.name})


@bp.get("/today", endpoint="today")
@login_required
def show_today() -> ResponseReturnValue:
    """The tenant's date in words, for the head of the board."""
    now = clock.now()
    return fragment(rendered(escape(day_text(today(current_tenant().timezone, now).date)), now))


@bp.get("/user", endpoint="user")
@login_required
def show_user() -> ResponseReturnValue:
    """Who is signed in, by id: a page that the browser restored asks before it shows anything."""
    said = {"Content-Type": "text/plain; charset=utf-8", "Cache-Control": "private, no-store"}
    return str(current_user.id), 200, said


@bp.get("/recent_orders/<int:order_id>")
@login_required
def recent_order(order_id: int) -> ResponseReturnValue:
    """One row alone; 404 when the order is gone, then the page refetches the list."""
    try:
        return fragment(shared_row(order_id))
    except RowGone:
        return f"Order {order_id} is not there any more.", 404, {"Content-Type": "text/plain; charset=utf-8"}


@bp.get("/inbox", endpoint="inbox")
@login_required
def show_inbox() -> ResponseReturnValue:
    now = clock.now()
    return fragment(rendered(render_inbox(inbox.read(current_tenant(), now, current_user)), now))


@bp.get("/inbox/news", endpoint="inbox_news")
@login_required
def show_inbox_news() -> ResponseReturnValue:
    """The badge's number and a toast for what came after the snapshot `seen`; never cached, it is asked once."""
    seen = request.args.get("seen", "")
    if not SNAPSHOT.fullmatch(seen):
        said = f"seen is {seen[:80]!r}; allowed is the snapshot that this page was given. Reload the page."
        return said, 400, {"Content-Type": "text/plain; charset=utf-8"}
    data = inbox.read_news(current_tenant(), clock.now(), current_user, seen)
    return render_template("panels/inbox_news.html", data=data), 200, {"Cache-Control": "private, no-store"}
