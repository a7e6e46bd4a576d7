"""Links into the orders page, and the filter of each figure: the list that a filter opens has the figure's count and sum.

`orders_link(**revenue_of_day(day))` is a link. The arguments are the parameters of the orders page, except that `start` and
`end` are `from` and `to` in its address.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any

from flask import url_for

from ..accounts.current import current_locale, current_tenant
from ..money import amount_text

FilterArguments = dict[str, Any]
# In the order of the address.
_PARAMETERS = ("q", "by", "range", "start", "end", "status", "owner", "min", "max", "source")
_NAMES = {"start": "from", "end": "to"}
_DEFAULTS = {"by": "placed"}


def orders_link(**wanted: Any) -> str:
    """The address of the orders page with these filters. None and "" stand for no filter.

    Dates include the last day; times are local to the tenant and exclude the last. An `owner` is a user's id; 0 or "none" is
    no salesperson. Whole numbers as `min` and `max` are minor units. Raises TypeError for another argument.
    """
    return url_for("orders.index", **parameters(**wanted))


def parameters(**wanted: Any) -> dict[str, Any]:
    """The parameters of the address, as text. Raises TypeError for an argument that is not a filter."""
    if unknown := wanted.keys() - set(_PARAMETERS):
        raise TypeError(f"{sorted(unknown)} are not filters of orders; use {', '.join(_PARAMETERS)}")
    texts = {name: _text(name, wanted.get(name)) for name in _PARAMETERS}
    return {_NAMES.get(name, name): text for name, text in texts.items() if text and text != _DEFAULTS.get(name)}


def _text(name: str, value: Any) -> str:
    if value is None:
        return ""
    if name == "owner" and value == 0:
        return "none"
    if isinstance(value, datetime):
        return value.replace(tzinfo=None).isoformat(timespec="minutes")
    if isinstance(value, date):
        return value.isoformat()
    if name in ("min", "max") and isinstance(value, int):
        return amount_text(value, current_tenant().currency, current_locale())
    return str(value)


# The figures. Each takes the tenant's dates; `owner_id` is None or 0 for unassigned orders. ----------------------------------


def revenue_of_day(day: date) -> FilterArguments:
    """Revenue of a day: the tile, and a point of the 30-day chart."""
    return {"by": "revenue", "start": day, "end": day}


def revenue_of_hour(day: date, hour: int) -> FilterArguments:
    """A column of revenue by hour: one hour of the wall clock, both times if the clock shows it twice."""
    start = datetime.combine(day, time(hour))
    return {"by": "revenue", "start": start, "end": start + timedelta(hours=1)}


def revenue_until(day: date, clock: time) -> FilterArguments:
    """Revenue of a day from midnight to a minute of the wall clock, as figures are compared."""
    return {"by": "revenue", "start": datetime.combine(day, time.min), "end": datetime.combine(day, clock)}


def revenue_of_owner(owner_id: int | None, first: date, last: date) -> FilterArguments:
    """Revenue of a salesperson from one day to another: rows of salespeople (one day) and of the leaderboard."""
    return {"by": "revenue", "start": first, "end": last, "owner": owner_id or 0}


def orders_of_day(day: date) -> FilterArguments:
    """Orders of a day, neither cancelled nor refunded in full: the tile, and the 30-day chart's table."""
    return {"start": day, "end": day, "status": "counted"}


def orders_of_owner(owner_id: int | None, first: date, last: date) -> FilterArguments:
    """The same of one salesperson."""
    return {"start": first, "end": last, "status": "counted", "owner": owner_id or 0}


def paid_of_day(day: date) -> FilterArguments:
    """The orders that the average order of a day is computed from."""
    return {"by": "paid", "start": day, "end": day}


def paid_of_owner(owner_id: int | None, first: date, last: date) -> FilterArguments:
    """The paid orders of one salesperson, as the leaderboard counts them."""
    return {"by": "paid", "start": first, "end": last, "owner": owner_id or 0}


def refunds_of_day(day: date) -> FilterArguments:
    """Refunds made on a day. The sum of the list is what was refunded then."""
    return {"by": "refunded", "start": day, "end": day}


def orders_to_ship(owner_id: int | None = None) -> FilterArguments:
    """Orders that are paid and not shipped, cancelled or refunded in full; with an `owner_id`, of that salesperson."""
    return {"status": "to_ship", "owner": owner_id}


def open_orders(owner_id: int | None = None) -> FilterArguments:
    """Orders that are not shipped, cancelled or refunded in full; with an `owner_id`, of that salesperson."""
    return {"status": "open", "owner": owner_id}


def measure_of_dates(
    measure: str, first: date, last: date, until: datetime | None = None, owner_id: int | None = None
) -> FilterArguments:
    """A figure of the history: revenue, orders, average or refunds of these days. An `owner_id` limits it to a salesperson, 0
    to unassigned orders. With `until` the last day ends at that local time."""
    kind = {
        "revenue": {"by": "revenue"},
        "orders": {"status": "counted"},
        "average": {"by": "paid"},
        "refunds": {"by": "refunded"},
    }
    dates: FilterArguments = {"start": first, "end": last}
    if until is not None:
        dates = {"start": datetime.combine(first, time.min), "end": until}
    return {**kind[measure], **dates, "owner": owner_id}


FIGURES: dict[str, Callable[..., FilterArguments]] = {
    figure.__name__: figure
    for figure in (
        revenue_of_day,
        revenue_of_hour,
        revenue_until,
        revenue_of_owner,
        orders_of_day,
        orders_of_owner,
        paid_of_day,
        paid_of_owner,
        refunds_of_day,
        orders_to_ship,
        open_orders,
        measure_of_dates,
    )
}
# In templates: `orders_link(**filter_of.revenue_of_day(day))`.
GLOBALS: dict[str, Any] = {"orders_link": orders_link, "filter_of": FIGURES}
