"""Jinja filters of panels/: a panel's rows as chart geometry, labels and a summary for screen readers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from ..accounts.current import current_tenant
from ..language import gettext as _
from ..language import ngettext
from ..money import to_decimal
from ..queries.history import History
from ..queries.leaderboard import TopSeller
from ..queries.revenue_by_hour import RevenueByHour
from ..queries.salespeople import Salesperson
from ..queries.target_progress import PeriodProgress
from ..queries.trend import Trend
from .charts import Chart, SparkBar, bar_chart, shares, spark_bars
from .filters import compact_text, money_text, number_text, short_day_text, short_money_texts
from .order_links import orders_link, revenue_of_day, revenue_of_hour

HOURS_BETWEEN_LABELS = 3
DAYS_BETWEEN_LABELS = 7


def _major(amounts: Sequence[int]) -> list[Decimal]:
    currency = current_tenant().currency
    return [to_decimal(amount, currency) for amount in amounts]


def hours_chart(data: RevenueByHour) -> Chart:
    today = _major([hour.today_minor for hour in data.hours])
    return bar_chart(today, _major([hour.yesterday_minor for hour in data.hours]))


def hours_labels(data: RevenueByHour) -> list[str]:
    return ["" if hour.hour % HOURS_BETWEEN_LABELS else f"{hour.hour:02d}" for hour in data.hours]


def hours_summary(data: RevenueByHour) -> str:
    today = money_text(sum(hour.today_minor for hour in data.hours))
    best = max(data.hours, key=lambda hour: hour.today_minor)
    yesterday = _(
        "%(amount)s in all of yesterday.", amount=money_text(sum(hour.yesterday_minor for hour in data.hours))
    )
    if best.today_minor <= 0:
        return _("Column chart of revenue by hour: %(amount)s today; %(yesterday)s", amount=today, yesterday=yesterday)
    return _(
        "Column chart of revenue by hour: %(amount)s today, the most between %(start)s and %(end)s o'clock with %(most)s;"
        " %(yesterday)s",
        amount=today,
        start=f"{best.hour:02d}",
        end=f"{best.hour + 1:02d}",
        most=money_text(best.today_minor),
        yesterday=yesterday,
    )


def history_chart(data: History) -> Chart:
    return bar_chart(_major([day.revenue_minor for day in data.days]))


def history_labels(data: History) -> list[str]:
    """One label per week, counted back from yesterday."""
    last = len(data.days) - 1
    wanted = {last - 1 - DAYS_BETWEEN_LABELS * n for n in range(5)}
    return [short_day_text(day.day) if n in wanted else "" for n, day in enumerate(data.days)]


def history_summary(data: History) -> str:
    best = max(data.days, key=lambda day: day.revenue_minor)
    return ngettext(
        "Column chart of revenue by day: %(amount)s in %(num)s day, the most on %(day)s with %(most)s.",
        "Column chart of revenue by day: %(amount)s in %(num)s days, the most on %(day)s with %(most)s.",
        len(data.days),
        amount=money_text(data.revenue_minor),
        day=short_day_text(best.day),
        most=money_text(best.revenue_minor),
    )


@dataclass(frozen=True)
class ColumnLink:
    """The link of a chart's column; `x` and `width` in percent of the plot."""

    href: str
    title: str
    x: float
    width: float


def hours_links(data: RevenueByHour, day: date) -> list[ColumnLink]:
    """A link per hour until now, and per later hour with revenue."""
    width = 100 / len(data.hours)
    return [
        ColumnLink(
            orders_link(**revenue_of_hour(day, hour.hour)),
            f"{hour.hour:02d}:00 · {money_text(hour.today_minor)}",
            round(hour.hour * width, 2),
            round(width, 2),
        )
        for hour in data.hours
        if hour.hour <= data.current or hour.today_minor
    ]


def history_links(data: History) -> list[ColumnLink]:
    width = 100 / len(data.days)
    return [
        ColumnLink(
            orders_link(**revenue_of_day(day.day)),
            f"{short_day_text(day.day)} · {money_text(day.revenue_minor)}",
            round(n * width, 2),
            round(width, 2),
        )
        for n, day in enumerate(data.days)
    ]


def trend_bars(trend: Trend) -> list[SparkBar]:
    return spark_bars(trend.values)


def spark_summary(trend: Trend, name: str, is_money: bool = False) -> str:
    """The line of a tile for screen readers: its highest hour."""
    values = [(value, hour) for hour, value in enumerate(trend.values) if value]
    if not values:
        return _("%(figure)s by hour today: none yet", figure=name)
    value, hour = max(values)
    return _(
        "%(figure)s by hour today: the most at %(time)s with %(most)s",
        figure=name,
        time=f"{hour:02d}:00",
        most=money_text(value) if is_money else number_text(value),
    )


def target_percent(progress: PeriodProgress) -> float:
    """The reached part of a target for a bar, from 0 to 100."""
    return round(min(max(progress.ratio, 0.0), 1.0) * 100, 1)


def revenue_shares(people: Sequence[Salesperson] | Sequence[TopSeller]) -> list[float]:
    """Each salesperson's revenue in percent of the highest."""
    return shares([person.revenue_minor for person in people])


def revenue_texts(people: Sequence[Salesperson] | Sequence[TopSeller]) -> list[str]:
    """Each salesperson's revenue as text, all with cents or all in whole units."""
    return short_money_texts([person.revenue_minor for person in people])


def ratio_to(today: int | None, yesterday: int | None) -> Decimal | None:
    """The change from yesterday as a ratio; None if yesterday is missing, zero or negative."""
    if today is None or not yesterday or yesterday < 0:
        return None
    return Decimal(today - yesterday) / yesterday


FILTERS: dict[str, Callable[..., Any]] = {
    "compact": compact_text,
    "hours_chart": hours_chart,
    "hours_labels": hours_labels,
    "hours_summary": hours_summary,
    "history_chart": history_chart,
    "history_labels": history_labels,
    "history_summary": history_summary,
    "hours_links": hours_links,
    "history_links": history_links,
    "spark_bars": trend_bars,
    "spark_summary": spark_summary,
    "target_percent": target_percent,
    "revenue_shares": revenue_shares,
    "revenue_texts": revenue_texts,
    "ratio_to": ratio_to,
}
