"""Tenants, their users, and ended sessions."""

from __future__ import annotations

from datetime import datetime

from flask_login import UserMixin
from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from ..db import Base
from .columns import TEXT_MAX_CHARS, length_check, now_column

# From the one that may least (accounts/permissions.py).
ROLES = ("viewer", "sales", "manager", "admin")
THEMES = ("light", "dark")
EMAIL_MAX_CHARS = 320
SETTING_MAX_CHARS = 100  # a time zone or a locale


class Tenant(Base):
    """A company with its board. `timezone` defines its "today"; its amounts are in `currency`."""

    __tablename__ = "tenants"
    __table_args__ = (
        # referenced by orders(tenant_id, currency)
        UniqueConstraint("id", "currency"),
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency"),
        CheckConstraint("slug ~ '^[a-z0-9][a-z0-9-]*$'", name="slug"),
        # Raises for an invalid zone, because one such row would fail every query over all tenants.
        CheckConstraint("(timestamp '2000-01-01' AT TIME ZONE timezone) IS NOT NULL", name="timezone"),
        CheckConstraint("working_days <@ '{1,2,3,4,5,6,7}'", name="working_days"),
        CheckConstraint("orders_keep_months BETWEEN 3 AND 240", name="orders_keep_months"),
        length_check("name", TEXT_MAX_CHARS),
        length_check("timezone", SETTING_MAX_CHARS),
        length_check("locale", SETTING_MAX_CHARS),
    )
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    slug: Mapped[str] = mapped_column(String(63), unique=True)
    name: Mapped[str] = mapped_column(Text)
    timezone: Mapped[str] = mapped_column(Text)
    currency: Mapped[str] = mapped_column(String(3))
    locale: Mapped[str] = mapped_column(Text)
    # Of the next order that the form places.
    next_number: Mapped[int] = mapped_column(BigInteger, server_default=text("1001"))
    created_at: Mapped[datetime] = now_column()
    # ISO numbers: 1 is Monday, 7 is Sunday. Targets are spread over these days.
    working_days: Mapped[list[int]] = mapped_column(ARRAY(SmallInteger), server_default="{1,2,3,4,5}")
    # Whether boards rank salespeople by revenue.
    shows_ranking: Mapped[bool] = mapped_column(Boolean, server_default=text("true"))
    # Whether salespeople see the figures and orders of their colleagues. Managers always do.
    team_visible: Mapped[bool] = mapped_column(Boolean, server_default=text("true"))
    # Whether each user must have a second factor (second_factor/requirement.py).
    requires_second_factor: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    # Retention of orders (privacy/retention.py). None: for ever.
    orders_keep_months: Mapped[int | None] = mapped_column(SmallInteger)
    orders_open_kept: Mapped[bool] = mapped_column(Boolean, server_default=text("true"))
    # The newest cutoff by which orders were removed.
    orders_removed_before: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    # The tenant is deleted then. Until then only admins sign in.
    deletion_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class User(UserMixin, Base):
    """A user who signs in. `password_hash` is argon2id, null without a password.

    A user with a `disabled_at` cannot sign in; the user's orders stay. A session is valid while `sessions_from` has the value
    that it had at sign-in (accounts/sessions.py). A trigger changes it with the password, the role and when the user is
    disabled.
    """

    __tablename__ = "users"
    __table_args__ = (
        # referenced by orders(tenant_id, owner_id)
        UniqueConstraint("tenant_id", "id"),
        CheckConstraint("role IN ('viewer', 'sales', 'manager', 'admin')", name="role"),
        CheckConstraint("length(language) <= 3 AND language ~ '^[a-z]+$'", name="language"),
        CheckConstraint("theme IN ('light', 'dark')", name="theme"),
        length_check("email", EMAIL_MAX_CHARS),
        length_check("name", TEXT_MAX_CHARS),
        length_check("password_hash", TEXT_MAX_CHARS),
        CheckConstraint("disabled_at BETWEEN '1900-01-01' AND '9000-01-01'", name="disabled_at"),
        CheckConstraint("sessions_from BETWEEN '1900-01-01' AND '9000-01-01'", name="sessions_from"),
        CheckConstraint("second_factor_at BETWEEN '1900-01-01' AND '9000-01-01'", name="second_factor_at"),
        # sign-in, with the e-mail in any case
        Index("uq_users_email_lower", text("lower(email)"), unique=True),
        # streams/revocation: users with recently ended sessions
        Index("ix_users_sessions_from", "sessions_from", postgresql_where=text("sessions_from IS NOT NULL")),
    )
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"))
    email: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    role: Mapped[str] = mapped_column(Text, server_default=text("'sales'"))
    password_hash: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = now_column()
    disabled_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    sessions_from: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    # One of language/locales.py. None: the language that the browser asks for.
    language: Mapped[str | None] = mapped_column(Text)
    # null: as the device
    theme: Mapped[str | None] = mapped_column(Text)
    # Whether single keys act on pages.
    shortcuts: Mapped[bool] = mapped_column(Boolean, server_default=text("true"))
    # Set while the user has an authenticator app or a passkey, and then the password alone does not sign in.
    second_factor_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class EndedSession(Base):
    """A session that was signed out (accounts/sessions.py). Its cookie expires at `expires_at`; then the row can be deleted."""

    __tablename__ = "ended_sessions"
    # streams/revocation: recently ended sessions
    __table_args__ = (Index("ix_ended_sessions_ended_at", "ended_at"),)
    id: Mapped[str] = mapped_column(Uuid(as_uuid=False), primary_key=True)
    ended_at: Mapped[datetime] = now_column()
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
