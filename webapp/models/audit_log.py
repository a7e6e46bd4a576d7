"""The audit log: who did what, when and from where (docs/audit-log.md). Triggers keep it append-only."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Computed, DateTime, Identity, Index, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from ..db import Base
from .columns import TEXT_MAX_CHARS, length_check
from .types import PgSnapshot, Xid8

AUDIT_ADDRESS_MAX_CHARS = 60
AUDIT_BROWSER_MAX_CHARS = 100


class AuditLogEntry(Base):
    """One action. It refers to users and tenants without foreign keys, so that it stays when they are deleted.

    `subject` is what it was done to: an order's number, a file, a user's name; `subject_id` is set for a user. Personal data in
    `details` is below the key "person". An erasure sets personal data to null and sets `erased_at`.
    """

    __tablename__ = "audit_log"
    __table_args__ = (
        CheckConstraint("kind ~ '^[a-z][a-z0-9_]{0,59}$'", name="kind"),
        CheckConstraint("origin IN ('browser', 'command line', 'worker')", name="origin"),
        length_check("actor_name", TEXT_MAX_CHARS),
        length_check("subject", TEXT_MAX_CHARS),
        length_check("address", AUDIT_ADDRESS_MAX_CHARS),
        length_check("session", 60),
        length_check("browser", AUDIT_BROWSER_MAX_CHARS),
        CheckConstraint("jsonb_typeof(details) = 'object' AND length(details::text) <= 20000", name="details_length"),
        # queries/audit_log: entries of a tenant, of a kind, of a user, from an address, newest first
        Index("ix_audit_log_at", "tenant_id", text("at DESC"), text("id DESC")),
        Index("ix_audit_log_kind", "tenant_id", "kind", text("at DESC"), text("id DESC")),
        Index("ix_audit_log_actor", "tenant_id", "actor_id", text("at DESC"), text("id DESC")),
        Index("ix_audit_log_address", "tenant_id", "address", text("at DESC"), text("id DESC")),
        # queries/audit_log: entries whose subject begins with a text; erasure of an e-mail
        Index("ix_audit_log_subject", "tenant_id", "subject_key", text("at DESC"), text("id DESC")),
        # audit/follower: entries that were committed since its last run
        Index("ix_audit_log_xid", "xid"),
    )
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=text("clock_timestamp()"))
    xid: Mapped[int] = mapped_column(Xid8, server_default=text("pg_current_xact_id()"))
    tenant_id: Mapped[int | None] = mapped_column(BigInteger)
    kind: Mapped[str] = mapped_column(Text)
    origin: Mapped[str] = mapped_column(Text)
    actor_id: Mapped[int | None] = mapped_column(BigInteger)
    actor_name: Mapped[str | None] = mapped_column(Text)
    subject_id: Mapped[int | None] = mapped_column(BigInteger)
    subject: Mapped[str | None] = mapped_column(Text)
    subject_key: Mapped[str | None] = mapped_column(Text(collation="C"), Computed("lower(subject)", persisted=True))
    address: Mapped[str | None] = mapped_column(Text)
    session: Mapped[str | None] = mapped_column(Text)
    browser: Mapped[str | None] = mapped_column(Text)
    details: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    erased_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class AuditLogCursor(Base):
    """The one row of the follower: the entries that `snapshot` sees are in the log."""

    __tablename__ = "audit_log_cursor"
    __table_args__ = (CheckConstraint("only_row", name="only_row"),)
    only_row: Mapped[bool] = mapped_column(Boolean, server_default=text("true"), primary_key=True)
    snapshot: Mapped[str] = mapped_column(PgSnapshot)
