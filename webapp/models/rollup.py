"""Totals per hour, and per day and salesperson."""

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
    """One owner's hour, kept by Celery (tasks/rollups). `hour` is local to the tenant, as its clock showed it.

    An hour that a DST change repeats is one row: the day's sum is the truth, and a wall clock has no third hand.
    """

    __tablename__ = "rollups_hourly"
    __table_args__ = (ForeignKeyConstraint(["tenant_id"], ["tenants.id"], ondelete="CASCADE"),)
    tenant_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    hour: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=False), primary_key=True)
    owner_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)  # 0: nobody owns these orders
    orders: Mapped[int] = mapped_column(BigInteger)
    paid_orders: Mapped[int] = mapped_column(BigInteger)
    revenue_minor: Mapped[int] = mapped_column(BigInteger)


class DailyRollup(Base):
    """One owner's day in the tenant's zone, kept by Celery (tasks/rollups)."""

    __tablename__ = "rollups_daily"
    __table_args__ = (ForeignKeyConstraint(["tenant_id"], ["tenants.id"], ondelete="CASCADE"),)
    tenant_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    owner_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)  # 0: nobody owns these orders
    orders: Mapped[int] = mapped_column(BigInteger)
    paid_orders: Mapped[int] = mapped_column(BigInteger)
    revenue_minor: Mapped[int] = mapped_column(BigInteger)
