"""The board's panels: each panel's query, definition and topics.

To add a panel: a module in queries/, an entry in PANELS, a template panels/<name>.html and its place in pages/board.html.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask_babel.speaklater import LazyString

from ..events.topics import DAY, ORDERS, PLACED, REVENUE, ROLLUPS
from ..language import lazy_gettext as _
from ..queries import (
    average_order,
    funnel,
    history,
    leaderboard,
    mine,
    orders_today,
    recent_orders,
    refunds_today,
    revenue,
    revenue_by_hour,
    salespeople,
    to_ship,
    top_products,
    yesterday,
)
from .pacing import LIST_TIMES

# How long a panel is served from memory without a signal: "at this time yesterday" moves with the clock, and a salesperson's
# new name sends no signal.
MAX_AGE_SECONDS = 15.0

# Panels that change every minute without a signal: "at this time yesterday", the current hour, an order dated in the future.
# The page refetches them each minute.
MOVE_WITH_THE_CLOCK = frozenset(
    {
        "revenue",
        "orders_today",
        "average_order",
        "to_ship",
        "refunds_today",
        "yesterday",
        "mine",
        "revenue_by_hour",
        "recent_orders",
        "orders_list",
        "history_page",
    }
)


@dataclass(frozen=True)
class Panel:
    """A panel of the board. A signal of its `topics`, or `resync`, makes the page refetch it.

    `read(tenant, now, owner_id)` is one SQL statement, so one snapshot; a figure may have more. With an `owner_id` it reads the
    orders of that salesperson only (queries/own_orders.py).
    """

    name: str
    title: LazyString
    topics: tuple[str, ...]
    definition: LazyString
    read: Callable[..., Any]
    # The page's intervals (panels/pacing.py) between two refetches. The last change is never lost.
    pace_times: int = 1
    max_age: float = MAX_AGE_SECONDS
    # Rendered together with all other figures, on one snapshot (panels/groups.py).
    is_figure: bool = False
    # Each user has an own fragment of it, made of data that is read for all users at once (panels/personal.py).
    is_personal: bool = False

    @property
    def moves(self) -> bool:
        return self.name in MOVE_WITH_THE_CLOCK


def _figure(name: str, title: LazyString, topics: tuple[str, ...], query: Any, is_personal: bool = False) -> Panel:
    """A panel of a query module, rendered with the other figures."""
    return Panel(name, title, (*topics, DAY), query.DEFINITION, query.read, is_figure=True, is_personal=is_personal)


PANELS = {
    panel.name: panel
    for panel in (
        _figure("mine", _("Your sales"), (REVENUE, ORDERS), mine, is_personal=True),
        _figure("yesterday", _("Yesterday"), (ROLLUPS,), yesterday),
        _figure("revenue", _("Revenue today"), (REVENUE,), revenue),
        _figure("orders_today", _("Orders today"), (PLACED,), orders_today),
        _figure("average_order", _("Average order"), (REVENUE,), average_order),
        _figure("to_ship", _("To be shipped"), (ORDERS,), to_ship),
        _figure("refunds_today", _("Refunds today"), (REVENUE,), refunds_today),
        _figure("funnel", _("From placed to shipped"), (ORDERS,), funnel),
        _figure("revenue_by_hour", _("Revenue by hour"), (REVENUE,), revenue_by_hour),
        _figure("salespeople", _("Salespeople today"), (REVENUE, PLACED), salespeople),
        Panel(
            "recent_orders", _("Recent orders"), (ORDERS, DAY), recent_orders.DEFINITION, recent_orders.read, LIST_TIMES
        ),
        Panel(
            "top_products",
            _("Top products today"),
            (REVENUE, PLACED, DAY),
            top_products.DEFINITION,
            top_products.read,
            LIST_TIMES,
        ),
        Panel("history", _("Last 30 days"), (ROLLUPS, DAY), history.DEFINITION, history.read),
        Panel("leaderboard", _("Salespeople, 30 days"), (ROLLUPS, DAY), leaderboard.DEFINITION, leaderboard.read),
    )
}
