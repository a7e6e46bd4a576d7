"""Sales targets, holidays, and samples of the orders to be shipped."""

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
    Index,
    Text,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from ..db import Base

PERIODS = ("day", "week", "month")
HOLIDAY_MAX_CHARS = 100


class SalesTarget(Base):
    """The revenue that the team, or the salesperson `owner_id`, wants to make per day, week or month."""

    __tablename__ = "sales_targets"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "owner_id"], ["users.tenant_id", "users.id"], ondelete="CASCADE"),
        CheckConstraint(f"period IN {PERIODS}", name="period"),
        CheckConstraint("amount_minor BETWEEN 1 AND 1000000000000000", name="amount"),
        # queries/target_progress; one target per owner and period
        Index("uq_sales_targets", "tenant_id", text("COALESCE(owner_id, 0)"), "period", unique=True),
    )
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"))
    owner_id: Mapped[int | None] = mapped_column(BigInteger)  # None: the team
    period: Mapped[str] = mapped_column(Text)
    amount_minor: Mapped[int] = mapped_column(BigInteger)


class Holiday(Base):
    """A day on which the company does not work. It has no target."""

    __tablename__ = "holidays"
    __table_args__ = (CheckConstraint(f"name <> '' AND length(name) <= {HOLIDAY_MAX_CHARS}", name="name"),)
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    name: Mapped[str] = mapped_column(Text)


class ToShipSample(Base):
    """The number of orders to be shipped at a time, counted by Celery (rollups/to_ship.py)."""

    __tablename__ = "to_ship_samples"
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"), primary_key=True)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), primary_key=True)
    orders: Mapped[int]
