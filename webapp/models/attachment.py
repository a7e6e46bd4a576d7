"""The tables of webapp/attach: attached tables, and their rows that could not be mapped."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, DateTime, Identity, Index, String, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, REGCLASS
from sqlalchemy.orm import Mapped, mapped_column

from ..db import Base
from .columns import now_column
from .order import SOURCE_MAX_CHARS
from .types import Xid8

ATTACHMENT_STATES = ("backfilling", "live")


def _moment() -> Mapped[datetime | None]:
    return mapped_column(DateTime(timezone=True))


def _count() -> Mapped[int]:
    return mapped_column(BigInteger, server_default="0")


class AttachedTable(Base):
    """A table whose rows triggers copy into `orders`, with `name` as their source. `tenant_id` is NULL if rows name it.

    The backfill is at `last_key`. `missing`, `stale` and `ghosts` are the orders that the last check repaired; `fault` is
    why the last run could not do its work.
    """

    __tablename__ = "attachments"
    __table_args__ = (CheckConstraint(f"state IN {ATTACHMENT_STATES}", name="state"),)
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    name: Mapped[str] = mapped_column(String(SOURCE_MAX_CHARS), unique=True)
    relation: Mapped[str] = mapped_column(REGCLASS, unique=True)
    tenant_id: Mapped[int | None] = mapped_column(BigInteger)
    mapping: Mapped[dict[str, Any]] = mapped_column(JSONB)
    is_replica: Mapped[bool] = mapped_column(server_default="false")
    state: Mapped[str] = mapped_column(Text, server_default="backfilling")
    last_key: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    rows_done: Mapped[int] = _count()
    rows_total: Mapped[int] = _count()
    fence: Mapped[int | None] = mapped_column(Xid8)
    created_by: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = now_column()
    backfilled_at: Mapped[datetime | None] = _moment()
    check_requested_at: Mapped[datetime | None] = _moment()
    checked_at: Mapped[datetime | None] = _moment()
    missing: Mapped[int] = _count()
    stale: Mapped[int] = _count()
    ghosts: Mapped[int] = _count()
    fault: Mapped[str | None] = mapped_column(Text)


class AttachProblem(Base):
    """Why a row has no order, or one with old values. Without `external_id`, a statement whose rows are not listed."""

    __tablename__ = "attach_problems"
    # attach_problem(): one problem per row
    __table_args__ = (Index("uq_attach_problems_row", "attachment_id", "external_id", unique=True),)
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    attachment_id: Mapped[int] = mapped_column(BigInteger)
    external_id: Mapped[str | None] = mapped_column(Text)
    code: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = now_column()
