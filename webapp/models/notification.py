"""Notifications of users."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKeyConstraint,
    Identity,
    Index,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from ..db import Base
from .columns import now_column
from .types import Xid8


class Notification(Base):
    """A row of a user's inbox, written exactly once: in the transaction of an order's event, or of a webhook's disabling.

    A webhook's row has `destination_id`, its name `destination`, and the last `error` unless the `type` names it.
    """

    __tablename__ = "notifications"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "user_id"], ["users.tenant_id", "users.id"], ondelete="CASCADE"),
        ForeignKeyConstraint(["tenant_id", "order_id"], ["orders.tenant_id", "orders.id"], ondelete="CASCADE"),
        UniqueConstraint("event_id", "user_id"),
        CheckConstraint(
            "CASE WHEN destination_id IS NULL"
            " THEN num_nonnulls(order_id, event_id) = 2 AND num_nonnulls(destination, error) = 0"
            " ELSE num_nonnulls(order_id, event_id) = 0 AND destination IS NOT NULL END",
            name="subject",
        ),
        # queries/inbox: a user's list, newest first
        Index("ix_notifications_inbox", "tenant_id", "user_id", text("id DESC")),
        # queries/inbox: the number of unread notifications; queries/new_items: those since a snapshot
        Index("ix_notifications_unread", "tenant_id", "user_id", "xid", postgresql_where=text("read_at IS NULL")),
        # queries/inbox_page: the unread ones, newest first
        Index(
            "ix_notifications_unread_list",
            "tenant_id",
            "user_id",
            text("id DESC"),
            postgresql_where=text("read_at IS NULL"),
        ),
        # queries/inbox_page: those of a kind, newest first
        Index("ix_notifications_type", "tenant_id", "user_id", "type", text("id DESC")),
        # the foreign key to orders: the notifications of a deleted order
        Index("ix_notifications_order", "tenant_id", "order_id"),
    )
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    tenant_id: Mapped[int] = mapped_column(BigInteger)
    user_id: Mapped[int] = mapped_column(BigInteger)
    order_id: Mapped[int | None] = mapped_column(BigInteger)
    event_id: Mapped[int | None] = mapped_column(BigInteger)
    type: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = now_column()
    read_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    # Its transaction, because ids are not committed in their order.
    xid: Mapped[int] = mapped_column(Xid8, server_default=text("pg_current_xact_id()"))
    # Without a foreign key, which would cost each notification of an order too.
    destination_id: Mapped[int | None] = mapped_column(BigInteger)
    destination: Mapped[str | None] = mapped_column(Text)
    error: Mapped[str | None] = mapped_column(Text)
