"""Coalescing: one signal made of several. Grouping, order and repetition of the signals do not change the result."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ..events.topics import ORDERS
from .signal import Signal

# More changed orders are "many" (None): a page refetches the list, not each row.
MAX_IDS_NAMED = 50


class CoalescedSignal:
    """The union of the topics, order ids and users of all added signals, with the newest seq and time.

    `orders` is None for "many": a signal named no ids, or together they have more than MAX_IDS_NAMED.
    """

    __slots__ = ("at", "orders", "seq", "topics", "users")

    def __init__(self, signals: Iterable[Signal] = ()) -> None:
        self.topics: set[str] = set()
        self.orders: set[int] | None = set()
        self.users: dict[int, set[str]] = {}
        self.seq = self.at = 0
        for signal in signals:
            self.add(signal)

    def add(self, signal: Signal) -> None:
        self.topics.update(signal.topics)
        if ORDERS in signal.topics:
            self._add_orders(signal.topics[ORDERS])
        for user, names in signal.users.items():
            self.users.setdefault(user, set()).update(names)
        self.seq, self.at = max(self.seq, signal.seq), max(self.at, signal.at)

    def signal(self) -> Signal:
        """All of it as one signal. Equal contents give equal signals: topics, ids and users are sorted."""
        ids = None if self.orders is None else sorted(self.orders)
        topics: Mapping[str, Sequence[int] | None] = {
            topic: ids if topic == ORDERS else None for topic in sorted(self.topics)
        }
        users = {user: sorted(names) for user, names in sorted(self.users.items())}
        return Signal(self.seq, topics, users, self.at)

    def _add_orders(self, ids: Sequence[int] | None) -> None:
        if self.orders is None:
            return
        self.orders.update(ids or ())
        if ids is None or len(self.orders) > MAX_IDS_NAMED:
            self.orders = None
