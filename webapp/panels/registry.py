"""The board's panels: each panel's query, definition and topics.

To add a panel: a module in queries/, an entry in PANELS, a template panels/<name>.html and its place in pages/board.html.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..events.topics import DAY, ORDERS, PLACED, REVENUE, ROLLUPS
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
    }
)


@dataclass(frozen=True)
class Panel:
    """A panel of the board. A signal of its `topics`, or `resync`, makes the page refetch it.

    `read(tenant, now, owner_id)` is one SQL statement, so one snapshot; a figure may have more. With an `owner_id` it reads the
    orders of that salesperson only (queries/own_orders.py).
    """

    name: str
    title: str
    topics: tuple[str, ...]
    definition: str
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


def _figure(name: str, title: str, topics: tuple[str, ...], query: Any, is_personal: bool = False) -> Panel:
    """A panel of a query module, rendered with the other figures."""
    return Panel(name, title, (*topics, DAY), query.DEFINITION, query.read, is_figure=True, is_personal=is_personal)


PANELS = {
    panel.name: panel
    for panel in (
        _figure("mine", "Your sales", (REVENUE, ORDERS), mine, is_personal=True),
        _figure("yesterday", "Yesterday", (ROLLUPS,), yesterday),
        _figure("revenue", "Revenue today", (REVENUE,), revenue),
        _figure("orders_today", "Orders today", (PLACED,), orders_today),
        _figure("average_order", "Average order", (REVENUE,), average_order),
        _figure("to_ship", "To be shipped", (ORDERS,), to_ship),
        _figure("refunds_today", "Refunds today", (REVENUE,), refunds_today),
        _figure("funnel", "From placed to shipped", (ORDERS,), funnel),
        _figure("revenue_by_hour", "Revenue by hour", (REVENUE,), revenue_by_hour),
        _figure("salespeople", "Salespeople today", (REVENUE, PLACED), salespeople),
        Panel(
            "recent_orders", "Recent orders", (ORDERS, DAY), recent_orders.DEFINITION, recent_orders.read, LIST_TIMES
        ),
        Panel(
            "top_products",
            "Top products today",
            (REVENUE, PLACED, DAY),
            top_products.DEFINITION,
            top_products.read,
            LIST_TIMES,
        ),
        Panel("history", "Last 30 days", (ROLLUPS, DAY), history.DEFINITION, history.read),
        Panel("leaderboard", "Salespeople, 30 days", (ROLLUPS, DAY), leaderboard.DEFINITION, leaderboard.read),
    )
}
