"""One salesperson's figures, as the panel "mine" shows them, and the rank among the team."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from .target_progress import TargetProgress

NO_TARGETS = TargetProgress()


@dataclass(frozen=True)
class Rank:
    """The place by revenue among `of` salespeople; None for one without sales. `is_shared`: another has the same revenue."""

    place: int | None
    of: int
    is_shared: bool = False


@dataclass(frozen=True)
class ToDo:
    """An order that waits for an action of its owner: "ship" or "collect", the payment. `days` since it was paid or placed."""

    action: str
    order_id: int
    number: str
    customer: str
    total_minor: int
    days: int


@dataclass(frozen=True)
class OwnFigures:
    """A salesperson's own figures; amounts in minor units. The earlier ones are up to the same time of their day.

    `unpaid` and `to_ship` are numbers of open orders, counted up to mine.MAX_COUNTED. `sells`: the user is ranked also without
    sales. `owns` is false without any of all this.
    """

    user_id: int
    today: date
    revenue_minor: int = 0
    yesterday_minor: int = 0
    last_week_minor: int = 0
    orders: int = 0
    week_minor: int = 0
    month_minor: int = 0
    unpaid: int = 0
    to_ship: int = 0
    todos: tuple[ToDo, ...] = ()
    rank_today: Rank | None = None
    rank_month: Rank | None = None
    targets: TargetProgress = NO_TARGETS
    sells: bool = False
    owns: bool = False

    @property
    def by_period(self) -> dict[str, int]:
        """The revenue of the present day, week and month."""
        return {"day": self.revenue_minor, "week": self.week_minor, "month": self.month_minor}


@dataclass(frozen=True)
class TeamFigures:
    """The figures of all users, from one statement. `tenant_today` is the tenant's date."""

    tenant_today: date
    people: dict[int, OwnFigures] = field(default_factory=dict)

    def of(self, user_id: int) -> OwnFigures:
        """The figures of one user; zeros for one without any."""
        return self.people.get(user_id) or OwnFigures(user_id, self.tenant_today)

    def __len__(self) -> int:
        return len(self.people)


def rank(mine: int | None, revenues: Sequence[int]) -> Rank:
    """The rank of a revenue in `revenues`, which are sorted and include it. Equal revenues share a place. None: no sales."""
    if mine is None:
        return Rank(None, len(revenues))
    first, after = bisect_left(revenues, mine), bisect_right(revenues, mine)
    return Rank(len(revenues) - after + 1, len(revenues), after - first > 1)
