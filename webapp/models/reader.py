"""Readers of the outbox, each with its saved cursor."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    DateTime,
    Integer,
    Numeric,
    Text,
)
from sqlalchemy.orm import Mapped, mapped_column

from ..db import Base
from .types import PgSnapshot


class Reader(Base):
    """How far a reader of the outbox has come: the snapshot of its last drain, and the cluster that snapshot belongs to."""

    __tablename__ = "readers"
    name: Mapped[str] = mapped_column(Text, primary_key=True)
    snapshot: Mapped[str] = mapped_column(PgSnapshot)
    system_identifier: Mapped[int] = mapped_column(Numeric(20, 0))
    timeline: Mapped[int] = mapped_column(Integer)
    drained_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    redis_run_id: Mapped[str | None] = mapped_column(Text)  # the Redis that the last signals went to
