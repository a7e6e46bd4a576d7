"""Tables, nothing else. Triggers and functions are in migrations/sql; a test holds models and migrations equal.

Money is integer minor units (cents) beside its ISO 4217 currency. Every table that a tenant owns begins its keys with
`tenant_id`, so that no query can forget it.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from flask_login import UserMixin
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Computed,
    Date,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    Numeric,
    String,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

from ..db import Base
from .types import PgSnapshot, Xid8

ROLES = ("manager", "sales")
STATUSES = ("placed", "paid", "shipped", "refunded", "cancelled")
ORDER_TIMES = ("placed_at", "paid_at", "shipped_at", "cancelled_at", "refunded_at")
TEXT_MAX_CHARS = 500  # names of customers, products, people and tenants, as any program may write them
SOURCE_MAX_CHARS = 100
EMAIL_MAX_CHARS = 320
SETTING_MAX_CHARS = 100  # a time zone or a locale
STATUS_SQL = """CASE
    WHEN cancelled_at IS NOT NULL THEN 'cancelled'
    WHEN refunded_minor > 0 AND refunded_minor >= total_minor THEN 'refunded'
    WHEN shipped_at IS NOT NULL THEN 'shipped'
    WHEN paid_at IS NOT NULL THEN 'paid'
    ELSE 'placed'
END"""


def _now() -> Mapped[datetime]:
    return mapped_column(DateTime(timezone=True), server_default=text("now()"))


def _at_most(column: str, chars: int) -> CheckConstraint:
    """A bound for a text that every viewer's page shows: one row must not weigh megabytes."""
    return CheckConstraint(f"length({column}) <= {chars}", name=f"{column}_length")


class Tenant(Base):
    """A company with its board. `timezone` decides what "today" is; the board counts in `currency` alone."""

    __tablename__ = "tenants"
    __table_args__ = (
        UniqueConstraint("id", "currency"),  # the target of orders(tenant_id, currency)
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency"),
        CheckConstraint("slug ~ '^[a-z0-9][a-z0-9-]*$'", name="slug"),
        # Fails for a zone that PostgreSQL does not know: one such row would fail every query over all tenants.
        CheckConstraint("(timestamp '2000-01-01' AT TIME ZONE timezone) IS NOT NULL", name="timezone"),
        _at_most("name", TEXT_MAX_CHARS),
        _at_most("timezone", SETTING_MAX_CHARS),
        _at_most("locale", SETTING_MAX_CHARS),
    )
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    slug: Mapped[str] = mapped_column(String(63), unique=True)
    name: Mapped[str] = mapped_column(Text)
    timezone: Mapped[str] = mapped_column(Text)
    currency: Mapped[str] = mapped_column(String(3))
    locale: Mapped[str] = mapped_column(Text)
    next_number: Mapped[int] = mapped_column(BigInteger, server_default=text("1001"))  # for orders placed by the form
    created_at: Mapped[datetime] = _now()


class User(UserMixin, Base):
    """A person who signs in. `password_hash` is argon2id, null without a password.

    A user with a `disabled_at` cannot sign in; the user's orders stay. A session counts while `sessions_from` is what it was
    when the session began (accounts/sessions.py); a trigger moves it when the password or the role changes or the user is disabled.
    """

    __tablename__ = "users"
    __table_args__ = (
        UniqueConstraint("tenant_id", "id"),  # the target of orders(tenant_id, owner_id)
        CheckConstraint("role IN ('manager', 'sales')", name="role"),
        _at_most("email", EMAIL_MAX_CHARS),
        _at_most("name", TEXT_MAX_CHARS),
        _at_most("password_hash", TEXT_MAX_CHARS),
        CheckConstraint("disabled_at BETWEEN '1900-01-01' AND '9000-01-01'", name="disabled_at"),
        CheckConstraint("sessions_from BETWEEN '1900-01-01' AND '9000-01-01'", name="sessions_from"),
        Index("uq_users_email_lower", text("lower(email)"), unique=True),  # sign-in, whatever the case
        Index(  # streams/revocation.py: users whose sessions ended lately
            "ix_users_sessions_from", "sessions_from", postgresql_where=text("sessions_from IS NOT NULL")
        ),
    )
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"))
    email: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    role: Mapped[str] = mapped_column(Text, server_default=text("'sales'"))
    password_hash: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = _now()
    disabled_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    sessions_from: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class EndedSession(Base):
    """A session that was signed out (accounts/sessions.py). Its cookie expires at `expires_at`, then the row may go."""

    __tablename__ = "ended_sessions"
    __table_args__ = (
        Index("ix_ended_sessions_ended_at", "ended_at"),
    )  # streams/revocation.py: sessions that were signed out lately
    id: Mapped[str] = mapped_column(Uuid(as_uuid=False), primary_key=True)
    ended_at: Mapped[datetime] = _now()
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class Order(Base):
    """One order. The timestamps are the truth and `status` is computed from them, so plain SQL cannot disagree with it."""

    __tablename__ = "orders"
    __table_args__ = (
        UniqueConstraint("tenant_id", "number"),  # the order's page; the import's idempotence
        UniqueConstraint("tenant_id", "id"),  # the target of order_lines and notifications
        ForeignKeyConstraint(["tenant_id", "owner_id"], ["users.tenant_id", "users.id"]),
        # One key to the tenant and its currency: a board never adds up two currencies.
        ForeignKeyConstraint(["tenant_id", "currency"], ["tenants.id", "tenants.currency"], ondelete="CASCADE"),
        CheckConstraint("total_minor BETWEEN 0 AND 1000000000000000", name="total"),
        # Times that a calendar can show: an infinity or a year 20000 would fail every page that lists the order.
        *(CheckConstraint(f"{at} BETWEEN '1900-01-01' AND '9000-01-01'", name=at) for at in ORDER_TIMES),
        CheckConstraint("refunded_minor BETWEEN 0 AND total_minor", name="refund_within_total"),
        CheckConstraint("refunded_minor = 0 OR paid_at IS NOT NULL", name="refund_of_paid"),
        CheckConstraint("number <> '' AND length(number) <= 64", name="number"),
        _at_most("customer", TEXT_MAX_CHARS),
        _at_most("source", SOURCE_MAX_CHARS),
        Index(
            "ix_orders_recent", "tenant_id", text("placed_at DESC"), text("id DESC")
        ),  # queries/recent_orders, orders_today
        Index(
            "ix_orders_paid", "tenant_id", "paid_at", postgresql_where=text("paid_at IS NOT NULL")
        ),  # queries/revenue
        Index(  # queries/order_search; the foreign key to users
            "ix_orders_owner_status", "tenant_id", "owner_id", "status", text("placed_at DESC"), text("id DESC")
        ),
        Index(  # queries/order_search
            "ix_orders_status", "tenant_id", "status", text("placed_at DESC"), text("id DESC")
        ),
        Index(  # order_search() in migrations/sql/0008_order_search.sql
            "ix_orders_search",
            text("order_search_terms(tenant_id, placed_at, owner_id, number, customer)"),
            postgresql_using="gin",
            postgresql_with={"fastupdate": "off"},
        ),
        Index(  # orders/missing_refunds.py: the few refunded orders, compared with their events
            "ix_orders_refunded",
            "tenant_id",
            "id",
            postgresql_include=["refunded_minor"],
            postgresql_where=text("refunded_minor > 0"),
        ),
        Index(  # orders.place: a form sent twice places one order; partial, so that imports pay nothing for it
            "uq_orders_form_token",
            "tenant_id",
            "form_token",
            unique=True,
            postgresql_where=text("form_token IS NOT NULL"),
        ),
    )
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    tenant_id: Mapped[int] = mapped_column(BigInteger)
    number: Mapped[str] = mapped_column(Text)
    customer: Mapped[str] = mapped_column(Text)
    owner_id: Mapped[int | None] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    total_minor: Mapped[int] = mapped_column(BigInteger)
    refunded_minor: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    placed_at: Mapped[datetime] = _now()
    paid_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    shipped_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    cancelled_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    refunded_at: Mapped[datetime | None] = mapped_column(
        DateTime(timezone=True)
    )  # of the last refund, where it is known
    source: Mapped[str] = mapped_column(Text, server_default=text("'sql'"))
    form_token: Mapped[UUID | None] = mapped_column(Uuid)
    status: Mapped[str] = mapped_column(Text, Computed(STATUS_SQL, persisted=True))
    updated_at: Mapped[datetime] = _now()


class OrderLine(Base):
    """What was ordered. `total_minor` is the line's price after discount; the order's total may add freight."""

    __tablename__ = "order_lines"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "order_id"], ["orders.tenant_id", "orders.id"], ondelete="CASCADE"),
        CheckConstraint("quantity > 0", name="quantity"),
        _at_most("sku", TEXT_MAX_CHARS),
        _at_most("product", TEXT_MAX_CHARS),
    )
    tenant_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    order_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True)
    sku: Mapped[str] = mapped_column(Text, server_default=text("''"))
    product: Mapped[str] = mapped_column(Text)
    quantity: Mapped[Any] = mapped_column(Numeric(14, 3))
    unit_price_minor: Mapped[int] = mapped_column(BigInteger)
    total_minor: Mapped[int] = mapped_column(BigInteger)


class OrderEvent(Base):
    """Something that happened to an order; the outbox as the listener reads it. Insert-only, written by triggers alone.

    `occurred_at` is business time, `recorded_at` the clock at writing. `written_by` is the role that was logged in, `via`
    what it called itself (application_name), `actor_id` the signed-in user when there is one. A program that is not
    Doorbell may claim to act for a user: `claimed_actor_id`. No foreign keys: events outlive their orders.
    """

    __tablename__ = "order_events"
    __table_args__ = (
        Index("ix_order_events_xid", "xid"),  # webapp/outbox/drain.py: what was committed since the cursor
        Index(
            "ix_order_events_order", "tenant_id", "order_id", text("id DESC")
        ),  # an order's last change and its history
        Index(  # queries/revenue: refunds made in a time
            "ix_order_events_refunds", "tenant_id", "occurred_at", postgresql_where=text("type = 'refunded'")
        ),
        {"postgresql_partition_by": "RANGE (recorded_at)"},
    )
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    recorded_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), primary_key=True, server_default=text("clock_timestamp()")
    )
    xid: Mapped[int] = mapped_column(Xid8, server_default=text("pg_current_xact_id()"))
    tenant_id: Mapped[int] = mapped_column(BigInteger)
    order_id: Mapped[int] = mapped_column(BigInteger)
    type: Mapped[str] = mapped_column(Text)
    owner_id: Mapped[int | None] = mapped_column(BigInteger)
    actor_id: Mapped[int | None] = mapped_column(BigInteger)
    via: Mapped[str] = mapped_column(Text)
    amount_minor: Mapped[int | None] = mapped_column(BigInteger)
    old_values: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    new_values: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    occurred_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    claimed_actor_id: Mapped[int | None] = mapped_column(BigInteger)
    written_by: Mapped[str | None] = mapped_column(Text, server_default=text("session_user"))


class Notification(Base):
    """A row of one user's inbox, written in the transaction of its event, so exactly once."""

    __tablename__ = "notifications"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "user_id"], ["users.tenant_id", "users.id"], ondelete="CASCADE"),
        ForeignKeyConstraint(["tenant_id", "order_id"], ["orders.tenant_id", "orders.id"], ondelete="CASCADE"),
        UniqueConstraint("event_id", "user_id"),  # exactly once
        Index("ix_notifications_inbox", "tenant_id", "user_id", text("id DESC")),  # queries/inbox: the list
        Index(  # queries/inbox: the badge
            "ix_notifications_unread", "tenant_id", "user_id", postgresql_where=text("read_at IS NULL")
        ),
        Index("ix_notifications_order", "tenant_id", "order_id"),  # deleting an order
    )
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    tenant_id: Mapped[int] = mapped_column(BigInteger)
    user_id: Mapped[int] = mapped_column(BigInteger)
    order_id: Mapped[int] = mapped_column(BigInteger)
    event_id: Mapped[int] = mapped_column(BigInteger)
    type: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = _now()
    read_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    xid: Mapped[int] = mapped_column(Xid8, server_default=text("pg_current_xact_id()"))  # ids commit out of order


class Reader(Base):
    """How far a reader of the outbox has come: the snapshot of its last drain, and the cluster that snapshot belongs to."""

    __tablename__ = "readers"
    name: Mapped[str] = mapped_column(Text, primary_key=True)
    snapshot: Mapped[str] = mapped_column(PgSnapshot)
    system_identifier: Mapped[int] = mapped_column(Numeric(20, 0))
    timeline: Mapped[int] = mapped_column(Integer)
    drained_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    redis_run_id: Mapped[str | None] = mapped_column(Text)  # the Redis that the last signals went to


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
