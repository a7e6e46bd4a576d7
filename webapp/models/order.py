"""Orders and their lines.

Money is an integer in minor units (cents), with its ISO 4217 currency.
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
EXTERNAL_ID_MAX_CHARS = 200
STATUS_SQL = """CASE
    WHEN cancelled_at IS NOT NULL THEN 'cancelled'
    WHEN refunded_minor > 0 AND refunded_minor >= total_minor THEN 'refunded'
    WHEN shipped_at IS NOT NULL THEN 'shipped'
    WHEN paid_at IS NOT NULL THEN 'paid'
    ELSE 'placed'
END"""


class Order(Base):
    """An order. `status` is computed from the timestamps and the refund, so plain SQL cannot make them disagree."""

    __tablename__ = "orders"
    __table_args__ = (
        # the order's page; the import finds existing orders
        UniqueConstraint("tenant_id", "number"),
        # referenced by order_lines and notifications
        UniqueConstraint("tenant_id", "id"),
        ForeignKeyConstraint(["tenant_id", "owner_id"], ["users.tenant_id", "users.id"]),
        # References the tenant with its currency, so that a board never adds up two currencies.
        ForeignKeyConstraint(["tenant_id", "currency"], ["tenants.id", "tenants.currency"], ondelete="CASCADE"),
        CheckConstraint("total_minor BETWEEN 0 AND 1000000000000000", name="total"),
        # Infinity or the year 20000 would fail every page that lists the order.
        *(CheckConstraint(f"{at} BETWEEN '1900-01-01' AND '9000-01-01'", name=at) for at in ORDER_TIMES),
        CheckConstraint("refunded_minor BETWEEN 0 AND total_minor", name="refund_within_total"),
        CheckConstraint("refunded_minor = 0 OR paid_at IS NOT NULL", name="refund_of_paid"),
        CheckConstraint("number <> '' AND length(number) <= 64", name="number"),
        length_check("customer", TEXT_MAX_CHARS),
        length_check("source", SOURCE_MAX_CHARS),
        # queries/recent_orders, queries/orders_today
        Index("ix_orders_recent", "tenant_id", text("placed_at DESC"), text("id DESC")),
        # queries/revenue
        Index("ix_orders_paid", "tenant_id", "paid_at", postgresql_where=text("paid_at IS NOT NULL")),
        # queries/order_walk: orders shipped, or cancelled, in a range of dates
        Index("ix_orders_shipped", "tenant_id", "shipped_at", postgresql_where=text("shipped_at IS NOT NULL")),
        Index("ix_orders_cancelled", "tenant_id", "cancelled_at", postgresql_where=text("cancelled_at IS NOT NULL")),
        # queries/order_walk: the few orders of a source or an amount; queries/order_sources
        Index("ix_orders_source_total", "tenant_id", "source", "total_minor"),
        # queries/order_search; the foreign key to users
        Index("ix_orders_owner_status", "tenant_id", "owner_id", "status", text("placed_at DESC"), text("id DESC")),
        # queries/order_search
        Index("ix_orders_status", "tenant_id", "status", text("placed_at DESC"), text("id DESC")),
        # queries/order_search, through order_search()
        Index(
            "ix_orders_search",
            text("order_search_terms(tenant_id, placed_at, owner_id, number, customer)"),
            postgresql_using="gin",
            postgresql_with={"fastupdate": "off"},
        ),
        # queries/customer_orders: the other orders of a customer
        Index(
            "ix_orders_customer",
            "tenant_id",
            text("order_customer_key(customer)"),
            text("placed_at DESC"),
            text("id DESC"),
            postgresql_include=["total_minor"],
        ),
        # orders/missing_refunds: the few refunded orders, compared with their events
        Index(
            "ix_orders_refunded",
            "tenant_id",
            "id",
            postgresql_include=["refunded_minor"],
            postgresql_where=text("refunded_minor > 0"),
        ),
        # orders/verbs: a form sent twice places one order; partial, so that it costs imports nothing
        Index(
            "uq_orders_idempotency_key",
            "tenant_id",
            "idempotency_key",
            unique=True,
            postgresql_where=text("idempotency_key IS NOT NULL"),
        ),
        # webapp/attach/mapped_sql.py: the order of a row of an attached table
        Index(
            "uq_orders_external_id",
            "source",
            "external_id",
            "tenant_id",
            unique=True,
            postgresql_where=text("external_id IS NOT NULL"),
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
    # Of the last refund, where known.
    refunded_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    source: Mapped[str] = mapped_column(Text, server_default=text("'sql'"))
    # The key of the row in the source, where that is an attached table (webapp/attach).
    external_id: Mapped[str | None] = mapped_column(String(EXTERNAL_ID_MAX_CHARS))
    idempotency_key: Mapped[UUID | None] = mapped_column(Uuid)
    status: Mapped[str] = mapped_column(Text, Computed(STATUS_SQL, persisted=True))
    updated_at: Mapped[datetime] = now_column()


class OrderLine(Base):
    """A line of an order. `total_minor` is its price after discount; the order's total may add freight."""

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
