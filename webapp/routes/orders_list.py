"""The live list of the orders page: the list as it is now, or the rows alone that a page shows already."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from flask import request
from flask.typing import ResponseReturnValue
from flask_login import login_required

from ..accounts.current import current_tenant
from ..concurrency.search_limit import RETRY_SECONDS
from ..display import clock
from ..events.topics import DAY, ORDERS
from ..panels.registry import Panel
from ..queries import listed_orders
from ..queries.day import ahead_from
from ..queries.order_search import PAGE_ROWS
from . import order_filter
from .page_parts import orders_part, part_of
from .panels import bp, fragment, shared_part

ORDERS_LIST = Panel("orders_list", "Orders", (ORDERS, DAY), "The orders that match.", lambda *_: None)
SKEW = timedelta(seconds=5)  # between the clocks of web and PostgreSQL
NEW = "Doorbell-New"  # the header that says how many orders came since the page was painted


@bp.get("/orders", endpoint="orders_list")
@login_required
def show_orders() -> ResponseReturnValue:
    """Shared by all who look at the same page of the same search."""
    wanted, before = order_filter.asked()
    name = "orders_list?" + urlencode({**asdict(wanted), "before": before})
    return fragment(shared_part(name, ORDERS_LIST, lambda _now: orders_part(wanted, before).html))


@bp.errorhandler(order_filter.SearchRefused)
def say_why(error: order_filter.SearchRefused) -> ResponseReturnValue:
    """The list stays as it is, and asks again with the next change."""
    said = {"Content-Type": "text/plain; charset=utf-8", "Retry-After": str(RETRY_SECONDS)}
    return str(error), error.status, said


@bp.get("/orders/rows", endpoint="orders_rows")
@login_required
def show_rows() -> ResponseReturnValue:
    """The rows of `ids` alone, in their order, for a list that must not move; `Doorbell-New` counts what came `since`."""
    ids, since = _ids(request.args.get("ids", "")), _moment(request.args.get("since", ""))
    if ids is None or since is None:
        said = (
            f"ids are up to {PAGE_ROWS} whole numbers with commas between them, since is in epoch ms. Reload the page."
        )
        return said, 400, {"Content-Type": "text/plain; charset=utf-8"}
    ahead = ahead_from(clock.now())
    wanted, _before = order_filter.asked()
    newest = order_filter.find(wanted, None).orders
    new = sum(since - SKEW < order.placed_at <= ahead and order.id not in ids for order in newest)
    response = fragment(part_of("panels/orders_rows.html", orders=listed_orders.read(current_tenant(), ids)))
    response.headers[NEW] = str(new)
    return response


def _ids(text: str) -> tuple[int, ...] | None:
    words = text.split(",")
    if len(words) > PAGE_ROWS or not all(word.isascii() and word.isdigit() and len(word) < 19 for word in words):
        return None
    return tuple(int(word) for word in words)


def _moment(text: str) -> datetime | None:
    """None for what is not a time between 1970 and 2286."""
    return (
        datetime.fromtimestamp(int(text) / 1000, UTC) if text.isascii() and text.isdigit() and len(text) < 14 else None
    )
