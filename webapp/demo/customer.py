"""The demo's customers: one change every second or two, as long as it runs. `python -m webapp.demo.customer`.

Most changes go through webapp/orders.py, some are plain SQL, for the board sees both. About 300 new orders an hour.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import threading

import psycopg
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError

from .. import create_app, logs, orders
from ..config import CANNOT_START, Config, ConfigError
from ..db import db
from ..incidents import Incident, in_a_line
from ..order_rules import OrderError
from . import company

NAME = "demo customer"  # what the events name as their writer
PAUSE_SECONDS = (1.0, 2.0)
BACK_OFF_SECONDS = (1.0, 5.0)  # first and longest wait while PostgreSQL is away
LEFT_PLACED = 5  # that nobody touches but a person
NEWEST = 25  # only these many newest orders of a kind are acted upon, so what changes is in sight

# What happens how often. More is paid and shipped than placed, so the open orders of the past get done as well.
ACTIONS = {"place": 14, "pay": 34, "ship": 34, "refund": 8, "cancel": 3, "reassign": 7}

# One of the newest orders in a state, with its owner and what is left to refund. Never one that a person placed, and the
# last few that are placed are left: somebody is about to try the README's payment by SQL.
_PICK = text("""
    SELECT number, owner_id, total_minor - refunded_minor AS left_minor FROM (
        SELECT * FROM orders
        WHERE tenant_id = :tenant AND status = :status AND source = 'demo' AND placed_at > now() - interval '3 days'
        ORDER BY placed_at DESC, id DESC LIMIT :newest OFFSET :left
    ) AS newest ORDER BY random() LIMIT 1
""")
_PAY = text("UPDATE orders SET paid_at = now() WHERE tenant_id = :tenant AND number = :number AND status = 'placed'")
_SALESPEOPLE = text(
    "SELECT id FROM users WHERE tenant_id = :tenant AND role = 'sales' AND disabled_at IS NULL ORDER BY id"
)

log = logs.get("customer")


class Customer:
    """Acts on one tenant's orders, in an application context. `act` makes one change or finds nothing to do."""

    def __init__(self, tenant_id: int, dice: random.Random) -> None:
        self._tenant_id = tenant_id
        self._dice = dice

    def act(self, action: str | None = None) -> str:
        """Do `action`, or one chosen by chance; returns what was done, in words. Raises what orders.py raises."""
        action = action or self._dice.choices(list(ACTIONS), list(ACTIONS.values()))[0]
        done: str = getattr(self, f"_{action}")()
        return done

    def _place(self) -> str:
        lines, name = company.basket(self._dice), company.customer(self._dice)
        order = orders.place(self._tenant_id, name, source="demo", lines=lines, owner_id=self._owner())
        return f"placed {order.number}"

    def _pay(self) -> str:
        if (found := self._pick("placed")) is None:
            return self._place()
        if self._dice.random() < 0.3:
            with db.engine.begin() as transaction:
                transaction.execute(_PAY, {"tenant": self._tenant_id, "number": found[0]})
            return f"paid {found[0]} by plain SQL"
        orders.pay(self._tenant_id, found[0])
        return f"paid {found[0]}"

    def _ship(self) -> str:
        if (found := self._pick("paid")) is None:
            return self._place()
        orders.ship(self._tenant_id, found[0], actor_id=found[1])  # its salesperson does, and needs no notice of it
        return f"shipped {found[0]}"

    def _refund(self) -> str:
        if (found := self._pick("shipped")) is None or found[2] < 1:
            return "nothing to refund"
        amount = found[2] if self._dice.random() < 0.3 else max(1, found[2] // 4)
        orders.refund(self._tenant_id, found[0], amount)
        return f"refunded {amount} of {found[0]}"

    def _cancel(self) -> str:
        if (found := self._pick("placed")) is None:
            return "nothing to cancel"
        orders.cancel(self._tenant_id, found[0])
        return f"cancelled {found[0]}"

    def _reassign(self) -> str:
        if (found := self._pick("placed")) is None:
            return "nothing to reassign"
        orders.reassign(self._tenant_id, found[0], self._owner())
        return f"reassigned {found[0]}"

    def _owner(self) -> int | None:
        with db.engine.connect() as conn:
            ids = list(conn.execute(_SALESPEOPLE, {"tenant": self._tenant_id}).scalars())
        return company.salesperson(self._dice, ids[: len(company.SHARES)]) if ids else None

    def _pick(self, status: str) -> tuple[str, int | None, int] | None:
        values = {"tenant": self._tenant_id, "status": status, "newest": NEWEST}
        values["left"] = LEFT_PLACED if status == "placed" else 0
        with db.engine.connect() as conn:
            row = conn.execute(_PICK, values).one_or_none()
        return (row.number, row.owner_id, row.left_minor) if row else None


def run(stopping: threading.Event, dice: random.Random) -> None:
    """Act until `stopping` is set. Outlives a restart of PostgreSQL. Needs an application context."""
    back_off = BACK_OFF_SECONDS[0]
    postgresql = Incident("postgresql")
    while not stopping.wait(dice.uniform(*PAUSE_SECONDS)):
        try:
            tenant_id = _demo_tenant()
            if tenant_id is not None:
                log.debug("acted", did=Customer(tenant_id, dice).act())
            postgresql.over(log)
            back_off = BACK_OFF_SECONDS[0]
        except OrderError as error:
            log.debug("somebody else was faster", error=in_a_line(error))
        except (DBAPIError, psycopg.Error) as error:
            postgresql.fault(log, "change", error)
            db.engine.dispose()
            stopping.wait(back_off)
            back_off = min(back_off * 2, BACK_OFF_SECONDS[1])


def _demo_tenant() -> int | None:
    with db.engine.connect() as conn:
        return conn.execute(text("SELECT id FROM tenants WHERE slug = :slug"), {"slug": company.SLUG}).scalar()


def main() -> None:
    logs.configure(os.environ)
    try:
        app = create_app(Config.from_env(os.environ))
    except ConfigError as error:
        print(error, file=sys.stderr)
        sys.exit(CANNOT_START)
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    with app.app_context():
        event.listen(db.engine, "connect", _name_the_writer)
        run(stopping, random.Random())


def _name_the_writer(connection: psycopg.Connection, _record: object) -> None:
    connection.execute("SELECT set_config('application_name', %s, false)", [NAME])
    connection.commit()


if __name__ == "__main__":
    main()
