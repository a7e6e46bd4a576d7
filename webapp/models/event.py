"""Events of orders, which are the outbox."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    DateTime,
    Identity,
    Index,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from ..db import Base
from .types import Xid8


class OrderEvent(Base):
    """One change of an order, written by triggers only and never updated. The table is the outbox that the listener reads.

    `occurred_at` is business time, `recorded_at` the time of writing. `written_by` is the role that was signed in, `via` its
    application_name, and `actor_id` the signed-in user, if any. A program other than Doorbell can only claim to act for a
    user (`claimed_actor_id`). There are no foreign keys, because events outlive their orders.
    """

    __tablename__ = "order_events"
    __table_args__ = (
        # outbox/unread: events committed since a cursor
        Index("ix_order_events_xid", "xid"),
        # queries/order_page: an order's history; queries/recent_orders: its last event
        Index("ix_order_events_order", "tenant_id", "order_id", text("id DESC")),
        # queries/revenue: refunds made in a period
        Index("ix_order_events_refunds", "tenant_id", "occurred_at", postgresql_where=text("type = 'refunded'")),
        {"postgresql_partition_by": "RANGE (recorded_at)"},
    )
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    recorded_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), primary_key=True, server_default=text("clock_timestamp()")
    )
    xid: Mapped[int] = mapped_column(Xid8, server_default=text("pg_current_xact_id()"))
    tenant_id: Mapped[int] = mapped_column(BigInteger)
    order_id: Mapped[int] = mapped_column(BigInteger)
    type: Mapped[str] = mapped_column(Text)
    owner_id: Mapped[int | None] = mapped_column(BigInteger)
    actor_id: Mapped[int | None] = mapped_column(BigInteger)
    via: Mapped[str] = mapped_column(Text)
    amount_minor: Mapped[int | None] = mapped_column(BigInteger)
    old_values: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    new_values: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    occurred_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    claimed_actor_id: Mapped[int | None] = mapped_column(BigInteger)
    written_by: Mapped[str | None] = mapped_column(Text, server_default=text("session_user"))
