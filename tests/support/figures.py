"""A tenant as queries see it, and refunds of another day, for tests that count by hand."""

from __future__ import annotations

from datetime import UTC, datetime

from webapp.db import db
from webapp.models import Tenant
from webapp.queries.revenue import Revenue

from .world import World

NOON = datetime(2026, 6, 10, 10, 0, tzinfo=UTC)  # 12:00 in Berlin


def tenant(tenant_id: int) -> Tenant:
    db.session.rollback()  # the next statement sees what was committed meanwhile
    return db.session.get_one(Tenant, tenant_id)


def refund(world: World, order_id: int, amount: int, at: str) -> None:
    """A refund made at another time than now: the trigger writes the event, the clock is put back afterwards."""
    world.conn.execute("UPDATE orders SET refunded_minor = refunded_minor + %s WHERE id = %s", [amount, order_id])
    world.conn.execute(
        "UPDATE order_events SET occurred_at = %s WHERE id = (SELECT max(id) FROM order_events WHERE order_id = %s)",
        [at, order_id],
    )


def no_revenue(shown: Revenue) -> bool:
    """Whether nothing was paid or refunded today, nor until this time yesterday and a week ago."""
    return (shown.paid_minor, shown.refunded_minor, shown.yesterday_minor, shown.last_week_minor) == (0, 0, 0, 0)
