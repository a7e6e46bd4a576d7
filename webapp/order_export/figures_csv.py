"""The CSV file of a day's figures: one row for the day, one per hour and one per salesperson."""

from __future__ import annotations

from collections.abc import Iterator

from ..models import Tenant
from ..money import amount_text
from ..queries.day_figures import DayFigures
from . import cells

COLUMNS = (
    "Day",
    "Time zone",
    "Figures of",
    "Hour",
    "Salesperson",
    "Currency",
    "Revenue",
    "Paid",
    "Refunded",
    "Orders",
    "Paid orders",
    "Average order",
)


def file(tenant: Tenant, figures: DayFigures) -> bytes:
    """The whole file. The hours, and the salespeople, add up to the day. A cell that a row does not have is empty."""
    return cells.BOM + cells.encode([COLUMNS, *_rows(tenant, figures)])


def _rows(tenant: Tenant, figures: DayFigures) -> Iterator[tuple[str, ...]]:
    def money(minor: int | None) -> str:
        return "" if minor is None else amount_text(minor, tenant.currency)

    head, revenue = (figures.day.isoformat(), tenant.timezone), figures.revenue
    currency, paid, refunded = tenant.currency, money(revenue.paid_minor), money(revenue.refunded_minor)
    orders, average = str(figures.orders), figures.average
    counts = (orders, str(average.orders), money(average.today_minor))
    yield (*head, "day", "", "", currency, money(revenue.today_minor), paid, refunded, *counts)
    for hour in figures.hours:
        # Excel would read a bare "00" as 0.
        clock = f"{hour.hour:02d}:00"
        yield (*head, "hour", clock, "", currency, money(hour.today_minor), "", "", "", "", "")
    for person in figures.people:
        name, sold = person.name or "Unassigned", money(person.revenue_minor)
        yield (*head, "salesperson", "", name, currency, sold, "", "", str(person.orders), "", "")
