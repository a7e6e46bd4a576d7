"""The panels, each with its own URL, from the query and template that also render it in its page.

Errors are plain text. "As of" is in a header, so that a 304 for an unchanged panel still has its time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import TypeVar

from flask import Blueprint, Response, g, render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user
from markupsafe import Markup, escape
from sqlalchemy.exc import SQLAlchemyError

from ..accounts.cached_user import PanelScope, panel_scope
from ..accounts.current import current_locale, current_only_owner, current_tenant
from ..db import db
from ..display import clock
from ..display.filters import day_text
from ..language import gettext as _
from ..observability import logs
from ..observability.metrics import web as metrics
from ..panels.groups import GROUP_OF, GROUPS, PanelGroup, groups_of
from ..panels.personal import SharedData
from ..panels.registry import PANELS, Panel
from ..panels.render import GroupRender, Render, Rendered, RenderRequest
from ..queries import inbox, new_items, recent_orders
from ..queries.day import today
from ..services import services
from ..signals.log_follower import Log
from . import panel_batch
from .pace import present
from .render_requests import RESERVED, render_request
from .renders import group_render, own_render, rendered

CONTENT_TYPE = "text/html; charset=utf-8"
SNAPSHOT = re.compile(r"[0-9]{1,19}:[0-9]{1,19}:([0-9]{1,19}(,[0-9]{1,19})*)?")

R = TypeVar("R", bound=Rendered)

log = logs.get("panels")

bp = Blueprint("panels", __name__, url_prefix="/panels")


class RowGone(Exception):
    """The order of a single row was deleted, or is another tenant's."""


def shared_panels(panels: Iterable[Panel], first_paint: bool = False) -> dict[str, Render]:
    """The panels by name, shared by all users of the same PanelScope: for a page's first paint and for refetches."""
    return {name: _or_raise(found) for name, found in _find(panels, first_paint).items()}


def _find(panels: Iterable[Panel], first_paint: bool = False) -> dict[str, Render | Exception]:
    """The panels as this user sees them."""
    names = [panel.name for panel in panels]
    groups = groups_of(names)
    found = dict(zip(groups, _cached([_group_job(GROUPS[name], first_paint) for name in groups]), strict=True))
    by_group = {name: found[GROUP_OF[name]] for name in names}
    return {name: _own(name, group) for name, group in by_group.items()}


def _own(name: str, group: GroupRender | Exception) -> Render | Exception:
    """The panel's render in its group; for a personal panel the user's own fragment."""
    render = group if isinstance(group, Exception) else group.renders[name]
    return own_render(name, _key(name), render, current_user.id) if isinstance(render, SharedData) else render


def _or_raise(found: R | Exception) -> R:
    if isinstance(found, Exception):
        raise found
    return found


def shared_row(order_id: int) -> Render:
    """One row of recent orders. Raises RowGone."""
    name = f"recent_orders/{order_id}"
    return shared_part(name, PANELS["recent_orders"], lambda now: _row_html(order_id, now))


def shared_part(name: str, panel: Panel, html: Callable[[datetime], str]) -> Render:
    """A live part of another page, shared as panels are. Its topics and its age limit are those of `panel`."""
    return _or_raise(_cached([_job(name, panel, html)])[0])


def _row_html(order_id: int, now: datetime) -> str:
    data = recent_orders.read_row(current_tenant(), now, order_id, current_only_owner())
    if not data.orders:
        raise RowGone
    row = render_template("panels/recent_row.html", order=data.orders[0], today=data.today)
    # The page morphs a row into a row; text around it would accumulate.
    return row.strip()


def _group_job(group: PanelGroup, first_paint: bool) -> tuple[RenderRequest, Callable[[], GroupRender]]:
    return _request(group.name, group, first_paint), lambda: group_render(group, _now())


def _job(name: str, panel: Panel, html: Callable[[datetime], str]) -> tuple[RenderRequest, Callable[[], Render]]:
    def paint() -> Render:
        now = _now()
        try:
            return rendered(Markup(html(now)), now)  # noqa: S704 - escaped by Jinja
        except SQLAlchemyError:
            # The rest of this request needs a working transaction.
            db.session.rollback()
            raise

    return _request(name, panel), paint


def _request(name: str, panel: Panel | PanelGroup, first_paint: bool = False) -> RenderRequest:
    return render_request(_key(name), panel, current_tenant(), _now(), present().round_seconds, first_paint)


def _key(name: str) -> tuple[str, str, PanelScope]:
    """Of a group of panels, of a personal panel, or of a part of a page."""
    return name, request.root_path, panel_scope(current_user, current_tenant(), current_locale())


def _now() -> datetime:
    return datetime.fromtimestamp(services().renders.epoch(), UTC)


def _cached(jobs: list[tuple[RenderRequest, Callable[[], R]]]) -> list[R | Exception]:
    return services().renders.get_all(jobs, newest_log(), request.environ.get(RESERVED))


def newest_log() -> Log | None:
    """The tenant's signals, read once per request, before any data is queried."""
    if "signal_log" not in g:
        g.signal_log = services().signal_logs.read(current_user.tenant_id)
    log: Log | None = g.signal_log
    return log


def render_inbox(data: inbox.Inbox) -> Markup:
    return Markup(render_template("panels/inbox.html", data=data))  # noqa: S704 - escaped by Jinja


def fragment(render: Render, seq: int | None = None) -> Response:
    """A response with the render, or 304 if the page already has it."""
    response = Response(render.body, content_type=CONTENT_TYPE)
    response.set_etag(render.etag)
    response.headers.update(headers(render, seq))
    response.make_conditional(request)
    if response.status_code == 304:
        metrics.PANELS_UNCHANGED.inc()
    return response


def headers(render: Render, seq: int | None) -> dict[str, str]:
    """The headers of a fragment, beside its ETag. `Doorbell-Now` is this server's clock in epoch ms.

    `Doorbell-Seq`: the fragment includes all changes signalled up to this seq. It is absent if that is unknown.
    """
    found = {
        "Cache-Control": "private, no-cache",
        "Vary": "Accept-Language, Doorbell-Language, Cookie",
        "Doorbell-As-Of": render.as_of_header,
        "Doorbell-Now": str(int(clock.epoch() * 1000)),
    }
    return found | ({"Doorbell-Seq": str(seq)} if seq is not None else {})


def show(panel_name: str) -> ResponseReturnValue:
    seq = _newest_seq()
    return fragment(shared_panels([PANELS[panel_name]])[panel_name], seq)


@bp.get("")
def batch() -> ResponseReturnValue:
    """The panels in `names`, in one answer (panel_batch.py)."""
    try:
        names = panel_batch.parse_names(request.query_string.decode("latin-1"))
    except panel_batch.UnknownPanel as error:
        return str(error), 400, {"Content-Type": "text/plain; charset=utf-8"}
    seq = _newest_seq()
    renders = _without_failed(_find(PANELS[name] for name in names))
    answer = panel_batch.build(renders, request.headers.get(panel_batch.HEADER, ""))
    batch_headers = headers(answer.as_of, seq) | {panel_batch.HEADER: answer.etags}
    return answer.body, 200, batch_headers | {"Content-Type": CONTENT_TYPE}


def _without_failed(found: dict[str, Render | Exception]) -> dict[str, Render]:
    """The renders that succeeded; errors are logged. If all failed, the first error is raised."""
    failed = {name: error for name, error in found.items() if isinstance(error, Exception)}
    if len(failed) == len(found):
        raise next(iter(failed.values()))
    for name, error in failed.items():
        log.error("failed to render a panel", panel=name, exc_info=error)
    return {name: render for name, render in found.items() if isinstance(render, Render)}


def _newest_seq() -> int | None:
    newest = newest_log()
    return newest.seq if newest else None


for _panel in PANELS.values():
    bp.add_url_rule(f"/{_panel.name}", _panel.name, show, defaults={"panel_name": _panel.name})


@bp.get("/today", endpoint="today")
def show_today() -> ResponseReturnValue:
    """The tenant's date as text, for the head of the board."""
    now = clock.now()
    return fragment(rendered(escape(day_text(today(current_tenant().timezone, now).date)), now))


@bp.get("/user", endpoint="user")
def show_user() -> ResponseReturnValue:
    """The id of the signed-in user. A page that the browser restored checks it before it shows anything."""
    plain = {"Content-Type": "text/plain; charset=utf-8", "Cache-Control": "private, no-store"}
    return str(current_user.id), 200, plain


@bp.get("/recent_orders/<int:order_id>")
def recent_order(order_id: int) -> ResponseReturnValue:
    """A single row. 404 if the order was deleted; the page then refetches the list."""
    try:
        return fragment(shared_row(order_id))
    except RowGone:
        return _("Order %(id)s no longer exists.", id=order_id), 404, {"Content-Type": "text/plain; charset=utf-8"}


@bp.get("/inbox", endpoint="inbox")
def show_inbox() -> ResponseReturnValue:
    now = clock.now()
    return fragment(rendered(render_inbox(inbox.read(current_tenant(), now, current_user)), now))


@bp.get("/inbox/new-items", endpoint="inbox_new_items")
def show_new_items() -> ResponseReturnValue:
    """The unread count, and toasts for notifications since the snapshot `seen`. Not cached: each request is unique."""
    seen = request.args.get("seen", "")
    if not SNAPSHOT.fullmatch(seen):
        advice = _("seen is '%(text)s'; it must be the snapshot of this page. Reload the page.", text=seen[:80])
        return advice, 400, {"Content-Type": "text/plain; charset=utf-8"}
    data = new_items.read(current_tenant(), clock.now(), current_user, seen)
    return (
        render_template("panels/inbox_new_items.html", data=data, since=seen),
        200,
        {"Cache-Control": "private, no-store"},
    )
