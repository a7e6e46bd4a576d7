"""A busy shop: four writers of plain SQL that record exactly what they committed, through any fault of the server."""

from __future__ import annotations

import copy
import random
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import psycopg

WRITERS = 4
# Of all writers together.
CHANGES_PER_SECOND = 100
# How many orders a writer keeps changing.
KEPT_ORDERS = 50
CUSTOMER = "A busy shop"


@dataclass
class Order:
    """An order as its writer left it."""

    number: str
    total_minor: int
    owner_id: int
    paid: bool = False
    shipped: bool = False
    refunded: bool = False
    cancelled: bool = False


@dataclass(frozen=True)
class Change:
    """One transaction: its statement, its expected events, and the condition that holds once it is committed."""

    order: Order  # after the change
    statement: str
    values: Sequence[object]
    events: tuple[str, ...]
    applies: str


@dataclass
class Ledger:
    """The committed changes of one writer: each order's events, and the orders that it keeps changing."""

    events: dict[str, list[str]] = field(default_factory=dict)
    orders: list[Order] = field(default_factory=list)

    def add(self, change: Change) -> None:
        self.events.setdefault(change.order.number, []).extend(change.events)
        self.orders = [order for order in self.orders if order.number != change.order.number][-KEPT_ORDERS:]
        if not (change.order.cancelled or change.order.refunded):
            self.orders.append(change.order)


class Gate:
    """Writers wait here while pages and database are compared. It starts closed."""

    def __init__(self, writers: int) -> None:
        self._writers, self._waiting = writers, 0
        self._is_open = False
        self._changed = threading.Condition()

    def pass_through(self) -> None:
        with self._changed:
            if not self._is_open:
                self._waiting += 1
                self._changed.notify_all()
                self._changed.wait_for(lambda: self._is_open)
                self._waiting -= 1

    def open(self) -> None:
        with self._changed:
            self._is_open = True
            self._changed.notify_all()

    def close(self, seconds: float = 15.0) -> None:
        """Returns once every writer waits, so that nothing more is committed."""
        with self._changed:
            self._is_open = False
            all_wait = self._changed.wait_for(lambda: self._waiting == self._writers, seconds)
        assert all_wait, f"only {self._waiting} of {self._writers} writers reached the gate within {seconds} s"


class Writer(threading.Thread):
    """One connection, which is reopened when it breaks."""

    def __init__(self, name: str, database_url: str, tenant_id: int, owners: Sequence[int], gate: Gate) -> None:
        super().__init__(name=name, daemon=True)
        self._database_url, self._tenant_id, self._owners, self._gate = database_url, tenant_id, owners, gate
        self._chance = random.Random(name)
        self._numbers = 0
        self._unanswered: Change | None = None
        self.ledger = Ledger()
        self.closed = False

    def run(self) -> None:
        while not self.closed:
            try:
                with psycopg.connect(self._database_url, connect_timeout=2, application_name="shop") as conn:
                    self._resolve(conn)
                    self._trade(conn)
            except psycopg.Error:
                time.sleep(0.1)

    def _trade(self, conn: psycopg.Connection) -> None:
        due = time.monotonic()
        while not self.closed:
            self._gate.pass_through()
            due = max(due + WRITERS / CHANGES_PER_SECOND, time.monotonic())
            time.sleep(due - time.monotonic() if due > time.monotonic() else 0)
            change = self._next()
            conn.execute(change.statement, change.values)
            # Only a commit without an answer is in doubt. Before it nothing is committed.
            self._unanswered = change
            conn.commit()
            self.ledger.add(change)
            self._unanswered = None

    def _resolve(self, conn: psycopg.Connection) -> None:
        """Check whether the commit without an answer succeeded. Only this writer changes the order, so its row shows it."""
        change = self._unanswered
        if change is None:
            return
        where = f"SELECT 1 FROM orders WHERE tenant_id = %s AND number = %s AND {change.applies} FOR UPDATE"
        if conn.execute(where, [self._tenant_id, change.order.number]).fetchone():
            self.ledger.add(change)
        conn.commit()
        self._unanswered = None

    def _next(self) -> Change:
        """A new order with a chance of 40 %, otherwise the next step of an older one."""
        orders = self.ledger.orders
        if len(orders) < 10 or self._chance.random() < 0.4:
            return self._place()
        order = copy.copy(self._chance.choice(orders))
        if not order.paid and self._chance.random() < 0.1:
            order.cancelled = True
            return self._change(order, "cancelled_at = now()", [], "cancelled", "cancelled_at IS NOT NULL")
        if self._chance.random() < 0.05:
            order.owner_id = self._chance.choice([owner for owner in self._owners if owner != order.owner_id])
            values = [order.owner_id]
            return self._change(order, "owner_id = %s", values, "reassigned", f"owner_id = {order.owner_id}")
        if not order.paid:
            order.paid = True
            return self._change(order, "paid_at = now()", [], "paid", "paid_at IS NOT NULL")
        if not order.shipped and self._chance.random() < 0.05:
            order.paid = False
            return self._change(order, "paid_at = NULL", [], "payment_corrected", "paid_at IS NULL")
        if not order.shipped:
            order.shipped = True
            return self._change(order, "shipped_at = now()", [], "shipped", "shipped_at IS NOT NULL")
        order.refunded = True
        return self._change(order, "refunded_minor = %s", [order.total_minor], "refunded", "refunded_minor > 0")

    def _place(self) -> Change:
        self._numbers += 1
        # Most orders belong to the last owner, who has no page open, because a badge counts only to 99.
        owner_id = self._chance.choices(self._owners, [2] * (len(self._owners) - 1) + [96])[0]
        order = Order(f"{self.name}-{self._numbers}", self._chance.randint(100, 90_000), owner_id)
        order.paid = self._chance.random() < 0.3
        statement = (
            "INSERT INTO orders (tenant_id, number, customer, owner_id, currency, total_minor, paid_at)"
            " VALUES (%s, %s, %s, %s, 'EUR', %s, CASE WHEN %s THEN now() END)"
        )
        values = [self._tenant_id, order.number, CUSTOMER, owner_id, order.total_minor, order.paid]
        return Change(order, statement, values, ("placed", "paid") if order.paid else ("placed",), "true")

    def _change(self, order: Order, sets: str, values: Sequence[object], event: str, applies: str) -> Change:
        statement = f"UPDATE orders SET {sets} WHERE tenant_id = %s AND number = %s"
        return Change(order, statement, [*values, self._tenant_id, order.number], (event,), applies)


class Shop:
    """All writers and their gate. `owners`: first the people with an open page, last the owner of most orders."""

    def __init__(self, database_url: str, tenant_id: int, owners: Sequence[int]) -> None:
        self.gate = Gate(WRITERS)
        self._writers = [Writer(f"W{n}", database_url, tenant_id, owners, self.gate) for n in range(1, WRITERS + 1)]

    def start(self) -> None:
        for writer in self._writers:
            writer.start()

    def close(self) -> None:
        for writer in self._writers:
            writer.closed = True
        self.gate.open()
        for writer in self._writers:
            writer.join(10)

    def events(self) -> dict[str, list[str]]:
        """The sorted event types of each order, by number. Call it while the gate is closed."""
        return {number: sorted(types) for writer in self._writers for number, types in writer.ledger.events.items()}

    def snapshot(self) -> list[Ledger]:
        return [copy.deepcopy(writer.ledger) for writer in self._writers]

    def restore(self, ledgers: Sequence[Ledger]) -> None:
        """Call after the database was restored to its state at `snapshot`."""
        for writer, ledger in zip(self._writers, ledgers, strict=True):
            writer.ledger = copy.deepcopy(ledger)
