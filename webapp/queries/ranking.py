"""The order of salespeople in lists: by revenue, or by name where the tenant does not rank them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, TypeVar

from ..models import Tenant


class Named(Protocol):
    """A row of a list of salespeople. `name` is None for unassigned orders."""

    @property
    def name(self) -> str | None: ...


Row = TypeVar("Row", bound=Named)


def in_order(rows: Iterable[Row], tenant: Tenant) -> tuple[Row, ...]:
    """The rows, which are sorted by revenue, in the tenant's order. Without a ranking unassigned orders come last."""
    if tenant.shows_ranking:
        return tuple(rows)
    return tuple(sorted(rows, key=lambda row: (row.name is None, (row.name or "").casefold())))
