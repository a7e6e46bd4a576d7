"""Erasures of persons and customers, deletions of tenants, and the figures of orders that were removed by their age."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, DateTime, ForeignKey, Identity, Index, Integer, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from ..db import Base
from .columns import now_column
from .types import Xid8

PRIVACY_KINDS = ("customer", "user", "tenant")
PRIVACY_STATES = ("waiting", "queued", "running", "done", "failed", "cancelled")


def _number(kind: Any = BigInteger) -> Mapped[int]:
    return mapped_column(kind, server_default="0")


def _moment() -> Mapped[datetime | None]:
    return mapped_column(DateTime(timezone=True))


class PrivacyJob(Base):
    """An erasure of a person or a customer, or the deletion of a tenant (privacy/jobs.py).

    `subject`, `names` and their `pattern` are personal data until the erasure is done, then NULL. `xid` is the transaction of
    the request.
    """

    __tablename__ = "privacy_jobs"
    __table_args__ = (
        CheckConstraint(f"kind IN {PRIVACY_KINDS}", name="kind"),
        CheckConstraint(f"state IN {PRIVACY_STATES}", name="state"),
        # privacy/jobs: the newest jobs of a tenant
        Index("ix_privacy_jobs_tenant", "tenant_id", "id"),
        # privacy/jobs: the job that is due longest
        Index("ix_privacy_jobs_open", "due_at", postgresql_where=text("state IN ('waiting', 'queued', 'running')")),
    )
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    tenant_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("tenants.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(Text)
    subject: Mapped[str | None] = mapped_column(Text)
    names: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    pattern: Mapped[str | None] = mapped_column(Text)
    user_id: Mapped[int | None] = mapped_column(BigInteger)
    pseudonym: Mapped[str] = mapped_column(Text)
    requested_by: Mapped[int | None] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(Text, server_default="queued")
    position: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    pages_done: Mapped[int] = _number()
    pages_total: Mapped[int] = _number()
    counts: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    attempts: Mapped[int] = _number(Integer)
    fence: Mapped[int] = _number()
    lease_until: Mapped[datetime | None] = _moment()
    problem: Mapped[str | None] = mapped_column(Text)
    xid: Mapped[int] = mapped_column(Xid8, server_default=text("pg_current_xact_id()"))
    due_at: Mapped[datetime] = now_column()
    created_at: Mapped[datetime] = now_column()
    started_at: Mapped[datetime | None] = _moment()
    finished_at: Mapped[datetime | None] = _moment()


class RemovedRollup(Base):
    """The figures of removed orders in a quarter of an hour (rollups/tables.py). Owner 0 stands for unassigned orders."""

    __tablename__ = "rollups_removed"
    tenant_id: Mapped[int] = mapped_column(
        BigInteger,
        ForeignKey("tenants.id", ondelete="CASCADE", name="fk_rollups_removed_tenant_id"),
        primary_key=True,
    )
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), primary_key=True)
    owner_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    orders: Mapped[int] = mapped_column(BigInteger)
    paid_orders: Mapped[int] = mapped_column(BigInteger)
    revenue_minor: Mapped[int] = mapped_column(BigInteger)
    refunded_minor: Mapped[int] = mapped_column(BigInteger)


class RemovedProductRollup(Base):
    """The same of products."""

    __tablename__ = "rollups_products_removed"
    tenant_id: Mapped[int] = mapped_column(
        BigInteger,
        ForeignKey("tenants.id", ondelete="CASCADE", name="fk_rollups_products_removed_tenant_id"),
        primary_key=True,
    )
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), primary_key=True)
    product: Mapped[str] = mapped_column(Text, primary_key=True)
    orders: Mapped[int] = mapped_column(BigInteger)
    paid_minor: Mapped[int] = mapped_column(BigInteger)
