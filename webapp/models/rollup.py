"""Totals per hour and per day, of salespeople and of products."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Integer,
    Text,
    text,
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
    refunded_minor: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))


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
    refunded_minor: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))


class RollupRebuild(Base):
    """The last rebuild of a tenant's rollups (rollups/rebuilds.py), which a new time zone needs. Open until `finished_at`.

    `problem` is why the last attempt failed.
    """

    __tablename__ = "rollup_rebuilds"
    __table_args__ = (CheckConstraint("length(problem) <= 10000", name="problem"),)
    tenant_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("tenants.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    requested_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=text("clock_timestamp()"))
    started_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    finished_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    attempts: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    hours_done: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    hours_total: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    problem: Mapped[str | None] = mapped_column(Text)


class HourlyProductRollup(Base):
    """The totals of a product in an hour of the tenant's local time: `orders` placed with it, and the sum of its paid lines."""

    __tablename__ = "rollups_products_hourly"
    __table_args__ = (ForeignKeyConstraint(["tenant_id"], ["tenants.id"], ondelete="CASCADE"),)
    tenant_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    hour: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=False), primary_key=True)
    product: Mapped[str] = mapped_column(Text, primary_key=True)
    orders: Mapped[int] = mapped_column(BigInteger)
    paid_minor: Mapped[int] = mapped_column(BigInteger)


class DailyProductRollup(Base):
    """The same in a day of the tenant's time zone."""

    __tablename__ = "rollups_products_daily"
    __table_args__ = (ForeignKeyConstraint(["tenant_id"], ["tenants.id"], ondelete="CASCADE"),)
    tenant_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    product: Mapped[str] = mapped_column(Text, primary_key=True)
    orders: Mapped[int] = mapped_column(BigInteger)
    paid_minor: Mapped[int] = mapped_column(BigInteger)


class LineChange(Base):
    """An order whose lines changed without an event of the order, until a refresh has counted its hours."""

    __tablename__ = "rollups_line_changes"
    __table_args__ = (ForeignKeyConstraint(["tenant_id"], ["tenants.id"], ondelete="CASCADE"),)
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    tenant_id: Mapped[int] = mapped_column(BigInteger)
    order_id: Mapped[int] = mapped_column(BigInteger)
