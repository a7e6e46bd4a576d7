"""The board's panels: each panel's query, definition and topics.

To add a panel: a module in queries/, an entry in PANELS, a template panels/<name>.html and its place in pages/board.html.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ..events.topics import DAY, ORDERS, PLACED, REVENUE, ROLLUPS
from ..models import Tenant
from ..queries import (
    average_order,
    history,
    leaderboard,
    orders_today,
    recent_orders,
    revenue,
    revenue_by_hour,
    salespeople,
)
from .pacing import LIST_TIMES

# How long a panel is served from memory without a signal: "at this time yesterday" moves with the clock, and a salesperson's
# new name sends no signal.
MAX_AGE_SECONDS = 15.0

# Panels that change every minute without a signal: "at this time yesterday", the current hour, an order dated in the future.
# The page refetches them each minute.
MOVE_WITH_THE_CLOCK = frozenset(
    {"revenue", "orders_today", "average_order", "revenue_by_hour", "recent_orders", "orders_list"}
)


@dataclass(frozen=True)
class Panel:
    """A panel of the board. A signal of its `topics`, or `resync`, makes the page refetch it.

    `read(tenant, now)` is one SQL statement, so one snapshot.
    """

    name: str
    title: str
    topics: tuple[str, ...]
    definition: str
    read: Callable[[Tenant, datetime], Any]
    # The page's intervals (panels/pacing.py) between two refetches. The last change is never lost.
    pace_times: int = 1
    max_age: float = MAX_AGE_SECONDS

    @property
    def moves(self) -> bool:
        return self.name in MOVE_WITH_THE_CLOCK


PANELS = {
    panel.name: panel
    for panel in (
        Panel("revenue", "Revenue today", (REVENUE, DAY), revenue.DEFINITION, revenue.read),
        Panel("orders_today", "Orders today", (PLACED, DAY), orders_today.DEFINITION, orders_today.read),
        Panel("average_order", "Average order", (REVENUE, DAY), average_order.DEFINITION, average_order.read),
        Panel("revenue_by_hour", "Revenue by hour", (REVENUE, DAY), revenue_by_hour.DEFINITION, revenue_by_hour.read),
        Panel("salespeople", "Salespeople today", (REVENUE, PLACED, DAY), salespeople.DEFINITION, salespeople.read),
        Panel(
            "recent_orders", "Recent orders", (ORDERS, DAY), recent_orders.DEFINITION, recent_orders.read, LIST_TIMES
        ),
        Panel("history", "Last 30 days", (ROLLUPS, DAY), history.DEFINITION, history.read),
        Panel("leaderboard", "Top salespeople, 30 days", (ROLLUPS, DAY), leaderboard.DEFINITION, leaderboard.read),
    )
}
