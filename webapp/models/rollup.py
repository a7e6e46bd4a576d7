"""Totals per salesperson and hour, and per salesperson and day."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import (
    BigInteger,
    Date,
    ForeignKeyConstraint,
)
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

from ..db import Base


class HourlyRollup(Base):
    """The totals of a salesperson in an hour of the tenant's local time, written by Celery (tasks/rollups).

    An hour that a DST change repeats is one row, because its local time is the same. The total of the day stays right.
    """

    __tablename__ = "rollups_hourly"
    __table_args__ = (ForeignKeyConstraint(["tenant_id"], ["tenants.id"], ondelete="CASCADE"),)
    tenant_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    hour: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=False), primary_key=True)
    owner_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)  # 0: unassigned
    orders: Mapped[int] = mapped_column(BigInteger)
    paid_orders: Mapped[int] = mapped_column(BigInteger)
    revenue_minor: Mapped[int] = mapped_column(BigInteger)


class DailyRollup(Base):
    """The totals of a salesperson in a day of the tenant's time zone, written by Celery (tasks/rollups)."""

    __tablename__ = "rollups_daily"
    __table_args__ = (ForeignKeyConstraint(["tenant_id"], ["tenants.id"], ondelete="CASCADE"),)
    tenant_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    owner_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)  # 0: unassigned
    orders: Mapped[int] = mapped_column(BigInteger)
    paid_orders: Mapped[int] = mapped_column(BigInteger)
    revenue_minor: Mapped[int] = mapped_column(BigInteger)
