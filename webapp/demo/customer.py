"""The demo's customers: a process that makes one change every second or two. `python -m webapp.demo.customer`.

Orders are placed, paid and shipped at the rates of the seeded past, so today stays comparable with yesterday. Most changes
hardly affect a total: an order gets another salesperson, or its express shipping is added or removed. Most changes use
webapp/orders/verbs.py; some are plain SQL, because the board shows both.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import threading
from datetime import datetime
from zoneinfo import ZoneInfo

import psycopg
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError

from .. import create_app, orders
from ..concurrency.backoff import Backoff
from ..config import CANNOT_START, Config, ConfigError
from ..db import db
from ..observability import logs
from ..observability.incidents import Incident, in_a_line
from ..orders.editors import Editor
from ..orders.errors import OrderError
from . import company

NAME = "demo customer"  # the writer in the events
PAUSE_SECONDS = (1.0, 2.0)
# The first and the longest wait while PostgreSQL is unreachable.
BACKOFF_SECONDS = (1.0, 5.0)
# Only the newest orders of a status are changed, so that changes are visible on the board.
NEWEST = 25
# Shipping changes on one order in this many, so that the others keep showing their last change.
UNDECIDED = 3

ACTIONS = ("place", "pay", "ship", "refund", "cancel", "reassign", "adjust")
CANCELLED = 0.03  # of the orders
REFUNDED = 0.2  # of the orders, each partly
REASSIGNED_PER_SECOND = 0.06

# The numbers of orders that wait for payment and for shipment.
_WAITING = text("""
    SELECT count(*) FILTER (WHERE status = 'placed') AS placed, count(*) FILTER (WHERE status = 'paid') AS paid
    FROM orders WHERE tenant_id = :tenant AND source = 'demo' AND placed_at > now() - interval '3 days'
""")
# One of the newest demo orders in one of the statuses, with its owner and the amount left to refund. The last few placed
# orders are left for the README's payment by SQL.
_PICK = text("""
    SELECT number, owner_id, total_minor - refunded_minor AS left_minor FROM (
        SELECT * FROM orders
        WHERE tenant_id = :tenant AND status = ANY(:statuses) AND source = 'demo' AND placed_at > now() - interval '3 days'
        ORDER BY placed_at DESC, id DESC LIMIT :newest OFFSET :left
    ) AS newest ORDER BY random() LIMIT 1
""")
_PAY = text("UPDATE orders SET paid_at = now() WHERE tenant_id = :tenant AND number = :number AND status = 'placed'")
# Express shipping is the total minus the lines.
_ADJUST = text("""
    UPDATE orders SET total_minor = CASE WHEN total_minor > chosen.lines THEN chosen.lines ELSE chosen.lines + :shipping END
    FROM (
        SELECT newest.id, coalesce((SELECT sum(l.total_minor) FROM order_lines l
                                    WHERE l.tenant_id = :tenant AND l.order_id = newest.id), newest.total_minor) AS lines
        FROM (
            SELECT id, total_minor FROM orders
            WHERE tenant_id = :tenant AND source = 'demo' AND refunded_minor = 0 AND cancelled_at IS NULL AND shipped_at IS NULL
              AND placed_at > now() - interval '3 days'
            ORDER BY placed_at DESC, id DESC LIMIT :newest
        ) AS newest ORDER BY newest.id % :undecided, random() LIMIT 1
    ) AS chosen
    WHERE orders.tenant_id = :tenant AND orders.id = chosen.id AND refunded_minor = 0
    RETURNING number
""")
_SALESPEOPLE = text(
    "SELECT id FROM users WHERE tenant_id = :tenant AND role = 'sales' AND disabled_at IS NULL ORDER BY id"
)

log = logs.get("customer")


class Customer:
    """Changes one tenant's orders, in an application context. `act` makes one change or finds nothing to do.

    `zone` is the company's time zone, which determines the present rate of orders.
    """

    def __init__(self, tenant_id: int, rng: random.Random, zone: ZoneInfo | None = None) -> None:
        self._tenant_id = tenant_id
        self._rng = rng
        self._zone = zone or ZoneInfo(company.TIMEZONE)

    def act(self, action: str | None = None) -> str:
        """Do `action`, or a random one. Returns a text of what was done. Raises OrderError."""
        done: str = getattr(self, f"_{action or self._choose()}")()
        return done

    def _choose(self) -> str:
        """A random action, each as often as its rate requires; the remaining changes adjust shipping."""
        with db.engine.connect() as conn:
            waiting = conn.execute(_WAITING, {"tenant": self._tenant_id}).one()
        placed = company.orders_per_second(datetime.now(self._zone))
        # At night all placed orders may be among those that are left for the README.
        to_pick = max(0, waiting.placed - company.LEFT_PLACED)
        rates = {
            "place": placed,
            "pay": to_pick / (company.MINUTES_TO_PAY * 60),
            "ship": waiting.paid / (company.MINUTES_TO_SHIP * 60),
            "refund": placed * REFUNDED,
            "cancel": placed * CANCELLED if to_pick else 0,
            "reassign": REASSIGNED_PER_SECOND if waiting.placed + waiting.paid > company.LEFT_PLACED else 0,
        }
        chances = {action: rate * sum(PAUSE_SECONDS) / 2 for action, rate in rates.items()}
        chances["adjust"] = max(0.0, 1 - sum(chances.values()))
        return self._rng.choices(list(chances), list(chances.values()))[0]

    def _place(self) -> str:
        lines, name = company.basket(self._rng), company.customer(self._rng)
        order = orders.place(self._tenant_id, name, source="demo", lines=lines, owner_id=self._owner())
        return f"placed {order.number}"

    def _pay(self) -> str:
        if (found := self._pick("placed")) is None:
            return "nothing to pay"
        if self._rng.random() < 0.3:
            with db.engine.begin() as transaction:
                transaction.execute(_PAY, {"tenant": self._tenant_id, "number": found[0]})
            return f"paid {found[0]} by plain SQL"
        orders.pay(self._tenant_id, found[0])
        return f"paid {found[0]}"

    def _ship(self) -> str:
        if (found := self._pick("paid")) is None:
            return "nothing to ship"
        # By its own salesperson, who then gets no notification.
        owner = Editor(found[1], edits_own=True, edits_all=True, assigns=False) if found[1] else None
        orders.ship(self._tenant_id, found[0], by=owner)
        return f"shipped {found[0]}"

    def _refund(self) -> str:
        if (found := self._pick("shipped")) is None or found[2] < 1:
            return "nothing to refund"
        amount = max(1, found[2] // self._rng.choice((10, 20)))
        orders.refund(self._tenant_id, found[0], amount)
        return f"refunded {amount} of {found[0]}"

    def _cancel(self) -> str:
        if (found := self._pick("placed")) is None:
            return "nothing to cancel"
        orders.cancel(self._tenant_id, found[0])
        return f"cancelled {found[0]}"

    def _reassign(self) -> str:
        # At night few orders wait for payment.
        if (found := self._pick("placed", "paid")) is None:
            return "nothing to reassign"
        orders.reassign(self._tenant_id, found[0], self._owner())
        return f"reassigned {found[0]}"

    def _adjust(self) -> str:
        values = {
            "tenant": self._tenant_id,
            "newest": NEWEST,
            "undecided": UNDECIDED,
            "shipping": company.SHIPPING_MINOR,
        }
        with db.engine.begin() as transaction:
            number = transaction.execute(_ADJUST, values).scalar()
        return f"adjusted the shipping of {number}" if number else "nothing to adjust"

    def _owner(self) -> int | None:
        with db.engine.connect() as conn:
            ids = list(conn.execute(_SALESPEOPLE, {"tenant": self._tenant_id}).scalars())
        return company.salesperson(self._rng, ids[: len(company.SHARES)]) if ids else None

    def _pick(self, *statuses: str) -> tuple[str, int | None, int] | None:
        values = {"tenant": self._tenant_id, "statuses": list(statuses), "newest": NEWEST}
        values["left"] = company.LEFT_PLACED if "placed" in statuses else 0
        with db.engine.connect() as conn:
            row = conn.execute(_PICK, values).one_or_none()
        return (row.number, row.owner_id, row.left_minor) if row else None


def run(stopping: threading.Event, rng: random.Random) -> None:
    """Make changes until `stopping` is set, through restarts of PostgreSQL. Needs an application context."""
    backoff = Backoff(*BACKOFF_SECONDS)
    postgresql = Incident("postgresql")
    while not stopping.wait(rng.uniform(*PAUSE_SECONDS)):
        try:
            tenant = _demo_tenant()
            if tenant is not None:
                log.debug("changed an order", action=Customer(tenant[0], rng, ZoneInfo(tenant[1])).act())
            postgresql.over(log)
            backoff.reset()
        except OrderError as error:
            log.debug("skipped a change that the order does not allow any more", error=in_a_line(error))
        except (DBAPIError, psycopg.Error) as error:
            postgresql.fault(log, "change", error)
            db.engine.dispose()
            stopping.wait(backoff.next())


def _demo_tenant() -> tuple[int, str] | None:
    """The id and time zone of the demo's tenant."""
    with db.engine.connect() as conn:
        row = conn.execute(
            text("SELECT id, timezone FROM tenants WHERE slug = :slug"), {"slug": company.SLUG}
        ).one_or_none()
    return (row.id, row.timezone) if row else None


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
