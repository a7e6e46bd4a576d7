"""The panels, each with its own URL: the same query and template that painted it first.

Errors are bare text, never a page in a box. "As of" goes in a header, so that an unchanged panel can answer 304 and still
say how fresh it is.
"""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime
from urllib.parse import quote

from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required
from markupsafe import Markup

from ..formatting import clock_text
from ..models import Tenant
from ..queries import PANELS, Panel, inbox, recent_orders
from ..tenancy import current_tenant

SNAPSHOT = re.compile(r"[0-9]{1,19}:[0-9]{1,19}:([0-9]{1,19}(,[0-9]{1,19})*)?")

bp = Blueprint("panels", __name__, url_prefix="/panels")


def render_panel(panel: Panel, tenant: Tenant, now: datetime) -> Markup:
    """The panel's fragment: for the page's first paint and for every refetch."""
    return Markup(render_template(f"panels/{panel.name}.html", data=panel.read(tenant, now)))  # noqa: S704 - escaped by Jinja


def render_inbox(data: inbox.Inbox) -> Markup:
    return Markup(render_template("panels/inbox.html", data=data))  # noqa: S704 - escaped by Jinja


def fragment(html: str, now: datetime) -> Response:
    """Answers `html`, or 304 when the page already has it. `Doorbell-Now` is this server's clock in epoch ms."""
    response = Response(html, content_type="text/html; charset=utf-8")
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["Vary"] = "Cookie"
    response.add_etag()
    response.make_conditional(request)
    response.headers["Doorbell-As-Of"] = quote(clock_text(now))  # a header is ASCII, a locale is not
    response.headers["Doorbell-Now"] = str(int(time.time() * 1000))
    return response


@login_required
def show(panel_name: str) -> ResponseReturnValue:
    now = datetime.now(UTC)
    return fragment(render_panel(PANELS[panel_name], current_tenant(), now), now)


for _panel in PANELS.values():
    bp.add_url_rule(f"/{_panel.name}", _panel.name, show, defaults={"panel_name": _panel.name})


@bp.get("/recent_orders/<int:order_id>")
@login_required
def recent_order(order_id: int) -> ResponseReturnValue:
    """One row alone; 404 when the order is gone, then the page refetches the list."""
    now = datetime.now(UTC)
    data = recent_orders.read_row(current_tenant(), now, order_id)
    if not data.orders:
        return f"Order {order_id} is not there any more.", 404, {"Content-Type": "text/plain; charset=utf-8"}
    row = render_template("panels/recent_row.html", order=data.orders[0], today=data.today)
    return fragment(row.strip(), now)  # the page morphs a row for a row: text around it would pile up


@bp.get("/inbox", endpoint="inbox")
@login_required
def show_inbox() -> ResponseReturnValue:
    now = datetime.now(UTC)
    return fragment(render_inbox(inbox.read(current_tenant(), now, current_user)), now)


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
