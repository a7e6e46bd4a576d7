"""The history page, its live part and its file."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from urllib.parse import urlencode

from flask import Blueprint, Response, abort, render_template, request, stream_with_context
from flask.typing import ResponseReturnValue

from ..accounts.current import current_only_owner, current_tenant
from ..audit.kinds import Kind
from ..audit.recording import record_alone
from ..db import db
from ..display import clock
from ..events.topics import DAY, ORDERS, ROLLUPS
from ..history import csv_file, report
from ..history.chart import chart_data
from ..history.request import HistoryRequest, choices, parse
from ..history.view import View
from ..language import lazy_gettext
from ..panels.registry import Panel
from ..panels.render import Render
from ..queries.day import today
from .panels import bp as panels
from .panels import fragment, shared_part

PART = Panel(
    "history_page",
    lazy_gettext("History"),
    (ORDERS, ROLLUPS, DAY),
    lazy_gettext("The figures of a range of dates."),
    lambda *_: None,
)
CSV = "text/csv; charset=utf-8"

bp = Blueprint("history", __name__)


@bp.get("/history")
def index() -> ResponseReturnValue:
    """The page. A value that is not valid is named, and its default is shown."""
    asked = _asked()
    values = {"asked": asked, "choices": choices(asked.owner_id), "here": asked.typed, "is_live": _is_live(asked)}
    page = render_template("pages/history.html", part=_part(asked), **values)
    return page, 400 if asked.problems else 200


@panels.get("/history/page", endpoint="history_page")
def show_part() -> ResponseReturnValue:
    """Summary, chart data and tables, rendered once for all viewers of the same parameters."""
    asked = _asked()
    if asked.problems:
        return " ".join(asked.problems.values()), 400, {"Content-Type": "text/plain; charset=utf-8"}
    return fragment(_part(asked))


@bp.get("/history.csv")
def download() -> ResponseReturnValue:
    """The same figures of all salespeople or products, one row per period."""
    asked, tenant = _asked(), current_tenant()
    if asked.problems:
        abort(400, " ".join(asked.problems.values()))
    found = report.read(tenant, clock.now(), asked)
    name = f"history-{tenant.slug}-{found.range.first}-{found.range.last}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    db.session.close()  # the entry takes a connection of its own
    if request.method != "HEAD":
        shown = f"from={found.range.first}&to={found.range.last}"
        record_alone(Kind.EXPORT, tenant_id=None, details={"what": "history", "filter": shown})
    pieces = stream_with_context(csv_file.pieces(tenant, found))
    return Response(pieces, content_type=CSV, headers=headers)


def _asked() -> HistoryRequest:
    return parse(request.args, current_tenant(), clock.now(), current_only_owner())


def _part(asked: HistoryRequest) -> Render:
    tenant = current_tenant()

    def html(now: datetime) -> str:
        view = View(report.read(tenant, now, asked))
        chart = None if view.report.is_empty else chart_data(view)
        return render_template("panels/history_page.html", view=view, chart=chart)

    shown = replace(asked, typed={}, problems={})
    return shared_part(f"history_page?{urlencode(shown.__dict__)}", PART, html)


def _is_live(asked: HistoryRequest) -> bool:
    """Whether today is in the range, as it always is in all time."""
    day = today(current_tenant().timezone, clock.now()).date
    wanted = asked.range(day)
    return wanted.first <= day < wanted.end
