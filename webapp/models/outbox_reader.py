"""Readers of the outbox with their saved cursors."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    Integer,
    Numeric,
    Text,
)
from sqlalchemy.orm import Mapped, mapped_column

from ..db import Base
from .types import PgSnapshot


class OutboxReader(Base):
    """A reader of the outbox and its cursor, valid in one cluster and timeline only: it has read what `snapshot` sees.

    While it reads a diff in the order of ids, `target` is the diff's second snapshot and `last_id` the last event handled.
    """

    __tablename__ = "outbox_readers"
    __table_args__ = (CheckConstraint("(target IS NULL) = (last_id IS NULL)", name="diff"),)
    name: Mapped[str] = mapped_column(Text, primary_key=True)
    snapshot: Mapped[str] = mapped_column(PgSnapshot)
    system_identifier: Mapped[int] = mapped_column(Numeric(20, 0))
    timeline: Mapped[int] = mapped_column(Integer)
    drained_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    redis_run_id: Mapped[str | None] = mapped_column(Text)  # Redis that got the last signals
    target: Mapped[str | None] = mapped_column(PgSnapshot)
    last_id: Mapped[int | None] = mapped_column(BigInteger)
