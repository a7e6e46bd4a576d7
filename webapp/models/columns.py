"""Columns and checks that several tables share."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    CheckConstraint,
    DateTime,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

TEXT_MAX_CHARS = 500  # names of customers, products, people, tenants


def now_column() -> Mapped[datetime]:
    return mapped_column(DateTime(timezone=True), server_default=text("now()"))


def length_check(column: str, chars: int) -> CheckConstraint:
    """A bound for a text that every viewer's page shows: one row must not weigh megabytes."""
    return CheckConstraint(f"length({column}) <= {chars}", name=f"{column}_length")
