"""The board's panels: what each shows, means and listens for.

To add a panel: a query module here, an entry in PANELS, a template panels/<name>.html and its place in pages/board.html.
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

# How long a panel may be shown from memory although nothing was signalled: "against yesterday at the same time" moves with
# the clock, and a person's new name is no signal.
KEPT_SECONDS = 15.0

# What these say moves from minute to minute although nothing changed: "at this time yesterday", the hour that is running,
# an order dated in the future. The page renews them each minute.
MOVE_WITH_THE_CLOCK = frozenset(
    {"revenue", "orders_today", "average_order", "revenue_by_hour", "recent_orders", "orders_list"}
)


@dataclass(frozen=True)
class Panel:
    """`topics` make the page refetch it, as `resync` does for all. `read(tenant, now)` is one SQL statement, one snapshot."""

    name: str
    title: str
    topics: tuple[str, ...]
    definition: str
    read: Callable[[Tenant, datetime], Any]
    throttle: str = "1s"  # at most one refetch in this time; the trailing one is never lost
    kept_seconds: float = KEPT_SECONDS

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
        Panel("recent_orders", "Recent orders", (ORDERS, DAY), recent_orders.DEFINITION, recent_orders.read, "2s"),
        Panel("history", "Last 30 days", (ROLLUPS, DAY), history.DEFINITION, history.read),
        Panel("leaderboard", "Top salespeople, 30 days", (ROLLUPS, DAY), leaderboard.DEFINITION, leaderboard.read),
    )
}
