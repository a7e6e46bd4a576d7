"""Columns and checks that several tables share."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    CheckConstraint,
    DateTime,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

# Names of customers, products, users and tenants.
TEXT_MAX_CHARS = 500


def now_column() -> Mapped[datetime]:
    """A time that the database sets at INSERT."""
    return mapped_column(DateTime(timezone=True), server_default=text("now()"))


def length_check(column: str, chars: int) -> CheckConstraint:
    """A limit for a text that pages show, because one row must not add megabytes to every page."""
    return CheckConstraint(f"length({column}) <= {chars}", name=f"{column}_length")
