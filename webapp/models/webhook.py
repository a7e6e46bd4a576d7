"""Webhook deliveries and their attempts."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Text,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from ..db import Base
from .columns import now_column
from .relay import destination_key


class WebhookDelivery(Base):
    """An event for one webhook, inserted in the transaction that moves the webhook's cursor.

    `message_id` is the header webhook-id, the same at each attempt. A waiting delivery is due at `next_at`, unless it
    `is_blocked`: an earlier one of its order is still open.
    """

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'delivered', 'dead', 'skipped')", name="state"),
        # relay/deliveries.py: the next deliveries of a webhook
        Index(
            "ix_webhook_deliveries_due",
            "destination_id",
            "is_blocked",
            "next_at",
            "id",
            postgresql_where=text("state = 'waiting'"),
        ),
        # relay/deliveries.py: whether an earlier delivery of the order is open
        Index(
            "ix_webhook_deliveries_open",
            "destination_id",
            "order_id",
            text("coalesce(replay_id, 0)"),
            "id",
            postgresql_where=text("state IN ('waiting', 'dead')"),
        ),
        # queries/relay.py: whether a webhook has dead letters, and which
        Index("ix_webhook_deliveries_dead", "destination_id", "id", postgresql_where=text("state = 'dead'")),
        # queries/relay.py: the newest deliveries of a webhook
        Index("ix_webhook_deliveries_recent", "destination_id", text("id DESC")),
        # relay/journey.py: the deliveries of one order
        Index("ix_webhook_deliveries_order", "tenant_id", "order_id"),
        # relay/retention.py: old deliveries
        Index("ix_webhook_deliveries_done", "done_at"),
    )
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    destination_id: Mapped[int] = destination_key()
    tenant_id: Mapped[int] = mapped_column(BigInteger)
    order_id: Mapped[int] = mapped_column(BigInteger)
    event_id: Mapped[int] = mapped_column(BigInteger)
    type: Mapped[str] = mapped_column(Text)
    message_id: Mapped[str] = mapped_column(Text)
    body: Mapped[bytes] = mapped_column(LargeBinary)
    state: Mapped[str] = mapped_column(Text, server_default="waiting")
    attempts: Mapped[int] = mapped_column(Integer, server_default="0")
    next_at: Mapped[datetime] = now_column()
    is_blocked: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    reason: Mapped[str | None] = mapped_column(Text)
    replay_id: Mapped[int | None] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = now_column()
    done_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class WebhookAttempt(Base):
    """One request of a delivery: the status, or the error without one. `answer` is cut."""

    __tablename__ = "webhook_attempts"
    __table_args__ = (
        # the foreign key; queries/relay.py: the attempts of a delivery
        Index("ix_webhook_attempts_delivery", "delivery_id", "id"),
        # relay/retention.py: old attempts
        Index("ix_webhook_attempts_at", "at", postgresql_using="brin"),
    )
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    delivery_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("webhook_deliveries.id", ondelete="CASCADE"))
    at: Mapped[datetime] = now_column()
    status: Mapped[int | None] = mapped_column(Integer)
    error: Mapped[str | None] = mapped_column(Text)
    milliseconds: Mapped[int] = mapped_column(Integer)
    answer: Mapped[str | None] = mapped_column(Text)
