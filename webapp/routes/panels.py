"""The panels, each with its own URL: the same query and template that painted it first.

Errors are bare text, never a page in a box. "As of" goes in a header, so that an unchanged panel can answer 304 and still
say how fresh it is.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime

from flask import Blueprint, Response, g, render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required
from markupsafe import Markup

from ..formatting import clock_text
from ..metrics import web as metrics
from ..panel_cache import Render, Wanted, panel_cache
from ..queries import PANELS, Panel, inbox, recent_orders
from ..queries.day import today
from ..signal_log import Log, signal_logs
from ..tenancy import current_tenant
from ..visitors import audience_of, visitors

CONTENT_TYPE = "text/html; charset=utf-8"
SNAPSHOT = re.compile(r"[0-9]{1,19}:[0-9]{1,19}:([0-9]{1,19}(,[0-9]{1,19})*)?")

bp = Blueprint("panels", __name__, url_prefix="/panels")


class RowGone(Exception):
    """The order of a row alone is not there any more, or was never this tenant's."""


def shared_panel(panel: Panel, hurried: bool = False) -> Render:
    """The panel as all of the visitor's audience see it: for the page's first paint (`hurried`) and for every refetch."""
    return _shared(panel.name, panel, lambda now: _panel_html(panel, now), hurried)


def shared_row(order_id: int) -> Render:
    """One row of recent orders. Raises RowGone."""
    return _shared(f"recent_orders/{order_id}", PANELS["recent_orders"], lambda now: _row_html(order_id, now))


def _panel_html(panel: Panel, now: datetime) -> str:
    return render_template(f"panels/{panel.name}.html", data=panel.read(current_tenant(), now))


def _row_html(order_id: int, now: datetime) -> str:
    data = recent_orders.read_row(current_tenant(), now, order_id)
    if not data.orders:
        raise RowGone
    row = render_template("panels/recent_row.html", order=data.orders[0], today=data.today)
    return row.strip()  # the page morphs a row for a row: text around it would pile up


def _shared(name: str, panel: Panel, html: Callable[[datetime], str], hurried: bool = False) -> Render:
    cache, tenant = panel_cache(), current_tenant()

    def paint() -> Render:
        g.from_memory = False
        now = datetime.fromtimestamp(cache.clock(), UTC)
        return rendered(Markup(html(now)), now)  # noqa: S704 - escaped by Jinja

    g.from_memory = True  # errors.py takes no such answer for one of the database
    audience = audience_of(current_user, tenant)
    ends = today(tenant.timezone, datetime.fromtimestamp(cache.clock(), UTC)).end.timestamp()
    wanted = Wanted((name, request.root_path, audience), panel.topics, panel.kept_seconds, ends, hurried)
    return cache.get(wanted, newest_log(), paint)


def newest_log() -> Log | None:
    """Asked for once a request, after it began and before anything that is shown is queried."""
    if "signal_log" not in g:
        g.signal_log = signal_logs().look(current_user.tenant_id)
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
        "Doorbell-Now": str(int(time.time() * 1000)),
    }
    return said | ({"Doorbell-Seq": str(seq)} if seq is not None else {})


@login_required
def show(panel_name: str) -> ResponseReturnValue:
    log = newest_log()
    seq = log.seq if log else None
    response = fragment(shared_panel(PANELS[panel_name]), seq)
    visitors().remember_cookie(request.headers.get("Cookie", ""), current_user.id)
    return response


for _panel in PANELS.values():
    bp.add_url_rule(f"/{_panel.name}", _panel.name, show, defaults={"panel_name": _panel.name})


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
    now = datetime.now(UTC)
    return fragment(rendered(render_inbox(inbox.read(current_tenant(), now, current_user)), now))


@bp.get("/inbox/news", endpoint="inbox_news")
@login_required
def show_inbox_news() -> ResponseReturnValue:
    """The badge's number and a toast for what came after the snapshot `seen`; never cached, it is asked once."""
    seen = request.args.get("seen", "")
    if not SNAPSHOT.fullmatch(seen):
        said = f"seen is {seen[:80]!r}; allowed is the snapshot that this page was given. Reload the page."
        return said, 400, {"Content-Type": "text/plain; charset=utf-8"}
    data = inbox.read_news(current_tenant(), datetime.now(UTC), current_user, seen)
    return render_template("panels/inbox_news.html", data=data), 200, {"Cache-Control": "private, no-store"}
