"""Invitations: people who may become users of a tenant by a link."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from ..db import Base
from .columns import TEXT_MAX_CHARS, length_check, now_column
from .tenant import EMAIL_MAX_CHARS

_OPEN = "accepted_at IS NULL AND revoked_at IS NULL"


class Invitation(Base):
    """An invitation to one address. Its link has the token of which `token_hash` is the sha256.

    It is open until it is accepted or revoked; an open one whose `expires_at` is past cannot be accepted, but renewed.
    `mailed_at` is null if the present link was not sent by mail.
    """

    __tablename__ = "invitations"
    __table_args__ = (
        UniqueConstraint("id"),
        UniqueConstraint("token_hash"),
        CheckConstraint("role IN ('viewer', 'sales', 'manager', 'admin')", name="role"),
        CheckConstraint("octet_length(token_hash) = 32", name="token_hash"),
        length_check("email", EMAIL_MAX_CHARS),
        length_check("name", TEXT_MAX_CHARS),
        CheckConstraint("accepted_at IS NULL OR revoked_at IS NULL", name="closed_once"),
        # invitations/store: one open invitation per address and tenant; the list of open ones
        Index(
            "uq_invitations_open_email", "tenant_id", text("lower(email)"), unique=True, postgresql_where=text(_OPEN)
        ),
    )
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"), primary_key=True)
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    email: Mapped[str] = mapped_column(Text)
    name: Mapped[str | None] = mapped_column(Text)
    role: Mapped[str] = mapped_column(Text)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary)
    created_by: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    created_at: Mapped[datetime] = now_column()
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    mailed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    accepted_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    revoked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
