"""Events: one row per change of an order, written by triggers."""

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
    """Something that happened to an order; the outbox as the listener reads it. Insert-only, written by triggers alone.

    `occurred_at` is business time, `recorded_at` the clock at writing. `written_by` is the role that was logged in, `via`
    what it called itself (application_name), `actor_id` the signed-in user when there is one. A program that is not
    Doorbell may claim to act for a user: `claimed_actor_id`. No foreign keys: events outlive their orders.
    """

    __tablename__ = "order_events"
    __table_args__ = (
        Index("ix_order_events_xid", "xid"),  # webapp/outbox/drain.py: what was committed since the cursor
        Index(
            "ix_order_events_order", "tenant_id", "order_id", text("id DESC")
        ),  # an order's last change and its history
        Index(  # queries/revenue: refunds made in a time
            "ix_order_events_refunds", "tenant_id", "occurred_at", postgresql_where=text("type = 'refunded'")
        ),
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
