"""The screens of a TV. Each is one template, tv/<name>.html, of the data of some of the board's panels on one snapshot."""

from __future__ import annotations

from ..language import lazy_gettext
from ..panels.groups import PanelGroup
from ..panels.registry import PANELS

TITLES = {
    "today": lazy_gettext("Today"),
    "salespeople": lazy_gettext("Salespeople"),
    "recent": lazy_gettext("Recent orders"),
    "month": lazy_gettext("Month"),
}
DESCRIPTIONS = {
    "today": lazy_gettext("Revenue, orders, average order, orders to be shipped, the target and the day by hour"),
    "salespeople": lazy_gettext("Today's revenue and orders of each salesperson"),
    "recent": lazy_gettext("The ten newest orders, lit when they change"),
    "month": lazy_gettext("This month's revenue and target, the last 30 days and today's top products"),
}
_PANELS = {
    "today": ("revenue", "orders_today", "average_order", "to_ship", "revenue_by_hour"),
    "salespeople": ("revenue", "salespeople"),
    "recent": ("orders_today", "recent_orders"),
    "month": ("revenue", "history", "top_products", "leaderboard"),
}
SCREENS = {name: PanelGroup(f"tv/{name}", tuple(PANELS[panel] for panel in panels)) for name, panels in _PANELS.items()}
