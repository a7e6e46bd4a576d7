"""Rows that a page of the orders list shows already, as they are now: read by id, in the page's order."""

from __future__ import annotations

from collections.abc import Sequence

from ..models import Tenant
from . import order_search
from .order_search import FoundOrder


def read(tenant: Tenant, ids: Sequence[int]) -> tuple[FoundOrder, ...]:
    """The tenant's orders among `ids`, in that order, whether or not they still match the search.

    A row must not leave the list while the user points at it.
    """
    found = {order.id: order for order in order_search.read_rows(tenant.id, ids)}
    return tuple(found[order_id] for order_id in ids if order_id in found)
