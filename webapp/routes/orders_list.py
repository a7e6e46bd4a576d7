"""The live part of the orders page: the current list, or only the rows that a page already shows."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, urlencode

from flask import request
from flask.typing import ResponseReturnValue

from ..accounts.current import current_only_owner, current_tenant
from ..display import clock
from ..display.order_labels import totals_text
from ..events.topics import DAY, ORDERS
from ..language import gettext as _
from ..language import lazy_gettext
from ..panels.registry import Panel
from ..queries import order_rows
from ..queries.day import ahead_from
from ..queries.order_search import PAGE_ROWS
from . import order_filter
from .page_parts import orders_part, part_of
from .panels import bp, fragment, shared_part

ORDERS_LIST = Panel(
    "orders_list", lazy_gettext("Orders"), (ORDERS, DAY), lazy_gettext("The orders that match."), lambda *_: None
)
# Allowed difference between the clocks of web and PostgreSQL.
SKEW = timedelta(seconds=5)
# The header with the number of orders that came into the list since the page was rendered.
NEW = "Doorbell-New"
# The header with the text of count and sum, percent-encoded.
TOTALS = "Doorbell-Totals"


@bp.get("/orders", endpoint="orders_list")
def show_orders() -> ResponseReturnValue:
    """The list, rendered once for all users with the same page of the same search."""
    asked, before = order_filter.from_request(), order_filter.cursor()
    # The links of the list have the parameters as they were written.
    name = "orders_list?" + urlencode({**asdict(asked.filter), "before": before, "typed": asked.typed})
    return fragment(shared_part(name, ORDERS_LIST, lambda _now: orders_part(asked, before).html))


@bp.errorhandler(order_filter.SearchRefused)
def search_refused(error: order_filter.SearchRefused) -> ResponseReturnValue:
    """The reason as plain text. The page keeps its list and refetches at the next change."""
    headers = {"Content-Type": "text/plain; charset=utf-8", "Retry-After": str(error.wait)}
    return str(error), error.status, headers


@bp.get("/orders/rows", endpoint="orders_rows")
def show_rows() -> ResponseReturnValue:
    """Only the rows of `ids`, in that order, for a list that must not move. `Doorbell-New` counts orders new `since`."""
    ids, since = _ids(request.args.get("ids", "")), _moment(request.args.get("since", ""))
    if ids is None or since is None:
        advice = _(
            "ids must be up to %(count)s whole numbers with commas, since must be epoch ms. Reload the page.",
            count=PAGE_ROWS,
        )
        return advice, 400, {"Content-Type": "text/plain; charset=utf-8"}
    ahead = ahead_from(clock.now())
    wanted = order_filter.from_request().filter
    newest = order_filter.find(wanted, None)
    new = sum(
        order.at is not None and since - SKEW < order.at <= ahead and order.id not in ids for order in newest.orders
    )
    rows = order_rows.read(current_tenant(), ids, wanted, current_only_owner())
    response = fragment(part_of("panels/orders_rows.html", orders=rows, by=wanted.by))
    response.headers[NEW] = str(new)
    if newest.totals:
        response.headers[TOTALS] = quote(totals_text(newest.totals, wanted.by))
    return response


def _ids(text: str) -> tuple[int, ...] | None:
    words = text.split(",")
    if len(words) > PAGE_ROWS or not all(word.isascii() and word.isdigit() and len(word) < 19 for word in words):
        return None
    return tuple(int(word) for word in words)


def _moment(text: str) -> datetime | None:
    """The time of a text in epoch ms; None if it is not between 1970 and 2286."""
    return (
        datetime.fromtimestamp(int(text) / 1000, UTC) if text.isascii() and text.isdigit() and len(text) < 14 else None
    )
