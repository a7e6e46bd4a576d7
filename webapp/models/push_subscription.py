"""Subscriptions of browsers to Web Push."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    DateTime,
    ForeignKeyConstraint,
    Identity,
    Index,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from ..db import Base
from .columns import length_check, now_column
from .types import PgSnapshot

ENDPOINT_MAX_CHARS = 2048


class PushSubscription(Base):
    """A browser in which a user turned on push notifications, while the session of its sign-in is valid.

    Notifications that `seen` sees are sent. `due_at` is a lease while a push is sent, and a pause after a failure.
    """

    __tablename__ = "push_subscriptions"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "user_id"], ["users.tenant_id", "users.id"], ondelete="CASCADE"),
        UniqueConstraint("endpoint"),
        length_check("endpoint", ENDPOINT_MAX_CHARS),
        # push/subscriptions: the browsers of a user; the foreign key to users
        Index("ix_push_subscriptions_user", "tenant_id", "user_id"),
        # push/subscriptions: the subscription of a session that ends
        Index("ix_push_subscriptions_session", "session_id"),
    )
    tenant_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    user_id: Mapped[int] = mapped_column(BigInteger)
    endpoint: Mapped[str] = mapped_column(Text)
    p256dh: Mapped[str] = mapped_column(Text)
    auth: Mapped[str] = mapped_column(Text)
    base_path: Mapped[str] = mapped_column(Text)
    session_id: Mapped[str] = mapped_column(Uuid(as_uuid=False))
    session_ends: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    sessions_from: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    seen: Mapped[str] = mapped_column(PgSnapshot, server_default=text("pg_current_snapshot()"))
    due_at: Mapped[datetime] = now_column()
    failing_since: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    created_at: Mapped[datetime] = now_column()
