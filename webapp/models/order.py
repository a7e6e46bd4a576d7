"""Orders and their lines.

Money is integer minor units (cents) beside its ISO 4217 currency.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Computed,
    DateTime,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    Numeric,
    String,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from ..db import Base
from .columns import TEXT_MAX_CHARS, length_check, now_column

STATUSES = ("placed", "paid", "shipped", "refunded", "cancelled")
ORDER_TIMES = ("placed_at", "paid_at", "shipped_at", "cancelled_at", "refunded_at")
SOURCE_MAX_CHARS = 100
STATUS_SQL = """CASE
    WHEN cancelled_at IS NOT NULL THEN 'cancelled'
    WHEN refunded_minor > 0 AND refunded_minor >= total_minor THEN 'refunded'
    WHEN shipped_at IS NOT NULL THEN 'shipped'
    WHEN paid_at IS NOT NULL THEN 'paid'
    ELSE 'placed'
END"""


class Order(Base):
    """One order. The timestamps are the truth and `status` is computed from them, so plain SQL cannot disagree with it."""

    __tablename__ = "orders"
    __table_args__ = (
        UniqueConstraint("tenant_id", "number"),  # the order's page; the import's idempotence
        UniqueConstraint("tenant_id", "id"),  # the target of order_lines and notifications
        ForeignKeyConstraint(["tenant_id", "owner_id"], ["users.tenant_id", "users.id"]),
        # One key to the tenant and its currency: a board never adds up two currencies.
        ForeignKeyConstraint(["tenant_id", "currency"], ["tenants.id", "tenants.currency"], ondelete="CASCADE"),
        CheckConstraint("total_minor BETWEEN 0 AND 1000000000000000", name="total"),
        # Times that a calendar can show: an infinity or a year 20000 would fail every page that lists the order.
        *(CheckConstraint(f"{at} BETWEEN '1900-01-01' AND '9000-01-01'", name=at) for at in ORDER_TIMES),
        CheckConstraint("refunded_minor BETWEEN 0 AND total_minor", name="refund_within_total"),
        CheckConstraint("refunded_minor = 0 OR paid_at IS NOT NULL", name="refund_of_paid"),
        CheckConstraint("number <> '' AND length(number) <= 64", name="number"),
        length_check("customer", TEXT_MAX_CHARS),
        length_check("source", SOURCE_MAX_CHARS),
        Index(
            "ix_orders_recent", "tenant_id", text("placed_at DESC"), text("id DESC")
        ),  # queries/recent_orders, orders_today
        Index(
            "ix_orders_paid", "tenant_id", "paid_at", postgresql_where=text("paid_at IS NOT NULL")
        ),  # queries/revenue
        Index(  # queries/order_search; the foreign key to users
            "ix_orders_owner_status", "tenant_id", "owner_id", "status", text("placed_at DESC"), text("id DESC")
        ),
        Index(  # queries/order_search
            "ix_orders_status", "tenant_id", "status", text("placed_at DESC"), text("id DESC")
        ),
        Index(  # order_search() in migrations/sql/0008_order_search.sql
            "ix_orders_search",
            text("order_search_terms(tenant_id, placed_at, owner_id, number, customer)"),
            postgresql_using="gin",
            postgresql_with={"fastupdate": "off"},
        ),
        Index(  # orders/missing_refunds.py: the few refunded orders, compared with their events
            "ix_orders_refunded",
            "tenant_id",
            "id",
            postgresql_include=["refunded_minor"],
            postgresql_where=text("refunded_minor > 0"),
        ),
        Index(  # orders.place: a form sent twice places one order; partial, so that imports pay nothing for it
            "uq_orders_idempotency_key",
            "tenant_id",
            "idempotency_key",
            unique=True,
            postgresql_where=text("idempotency_key IS NOT NULL"),
        ),
    )
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    tenant_id: Mapped[int] = mapped_column(BigInteger)
    number: Mapped[str] = mapped_column(Text)
    customer: Mapped[str] = mapped_column(Text)
    owner_id: Mapped[int | None] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    total_minor: Mapped[int] = mapped_column(BigInteger)
    refunded_minor: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    placed_at: Mapped[datetime] = now_column()
    paid_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    shipped_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    cancelled_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    refunded_at: Mapped[datetime | None] = mapped_column(
        DateTime(timezone=True)
    )  # of the last refund, where it is known
    source: Mapped[str] = mapped_column(Text, server_default=text("'sql'"))
    idempotency_key: Mapped[UUID | None] = mapped_column(Uuid)
    status: Mapped[str] = mapped_column(Text, Computed(STATUS_SQL, persisted=True))
    updated_at: Mapped[datetime] = now_column()


class OrderLine(Base):
    """What was ordered. `total_minor` is the line's price after discount; the order's total may add freight."""

    __tablename__ = "order_lines"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "order_id"], ["orders.tenant_id", "orders.id"], ondelete="CASCADE"),
        CheckConstraint("quantity > 0", name="quantity"),
        length_check("sku", TEXT_MAX_CHARS),
        length_check("product", TEXT_MAX_CHARS),
    )
    tenant_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    order_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True)
    sku: Mapped[str] = mapped_column(Text, server_default=text("''"))
    product: Mapped[str] = mapped_column(Text)
    quantity: Mapped[Any] = mapped_column(Numeric(14, 3))
    unit_price_minor: Mapped[int] = mapped_column(BigInteger)
    total_minor: Mapped[int] = mapped_column(BigInteger)
