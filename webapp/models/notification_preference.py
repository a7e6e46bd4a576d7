"""Where users get their notifications, and when not."""

from __future__ import annotations

from datetime import datetime, time

from sqlalchemy import BigInteger, CheckConstraint, DateTime, ForeignKeyConstraint, Text, Time
from sqlalchemy.orm import Mapped, mapped_column

from ..db import Base


class NotificationPreference(Base):
    """The channels of one kind of notification for one user. While `muted_at` is set, none of them is used.

    A user without a row has the defaults (events/notification_kinds.py).
    """

    __tablename__ = "notification_preferences"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "user_id"], ["users.tenant_id", "users.id"], ondelete="CASCADE"),
    )
    tenant_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    user_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    toast: Mapped[bool]
    sound: Mapped[bool]
    desktop: Mapped[bool]
    push: Mapped[bool]
    muted_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class QuietHours(Base):
    """The time of day in which a user gets no interruptions: in the tenant's zone, over midnight where `ends` is earlier."""

    __tablename__ = "quiet_hours"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "user_id"], ["users.tenant_id", "users.id"], ondelete="CASCADE"),
        CheckConstraint("starts <> ends", name="length"),
    )
    tenant_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    user_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    starts: Mapped[time] = mapped_column(Time)
    ends: Mapped[time] = mapped_column(Time)
