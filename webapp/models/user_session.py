"""Sessions of users, and links for a new password."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    Text,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.orm import Mapped, mapped_column

from ..db import Base
from .columns import length_check, now_column

SESSION_TEXT_MAX_CHARS = 100  # an address, a browser
SESSION_METHOD_MAX_CHARS = 40


def _user_key() -> ForeignKeyConstraint:
    columns, users = ["tenant_id", "user_id"], ["users.tenant_id", "users.id"]
    # An administrator may move a user to another tenant by SQL.
    return ForeignKeyConstraint(columns, users, onupdate="CASCADE", ondelete="CASCADE")


class UserSession(Base):
    """One sign-in of one browser (accounts/sessions.py). `seen_at` is at most a minute or two old while it is in use.

    `sessions_from` is the user's at the sign-in: a session with another value has ended. `method` is how the user signed in.
    """

    __tablename__ = "user_sessions"
    __table_args__ = (
        _user_key(),
        UniqueConstraint("id"),
        length_check("method", SESSION_METHOD_MAX_CHARS),
        length_check("address", SESSION_TEXT_MAX_CHARS),
        length_check("browser", SESSION_TEXT_MAX_CHARS),
        # accounts/own_sessions: the sessions of a user; the foreign key to users
        Index("ix_user_sessions_user", "tenant_id", "user_id"),
    )
    tenant_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    id: Mapped[str] = mapped_column(Uuid(as_uuid=False), primary_key=True)
    user_id: Mapped[int] = mapped_column(BigInteger)
    began_at: Mapped[datetime] = now_column()
    seen_at: Mapped[datetime] = now_column()
    ends_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    sessions_from: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    method: Mapped[str] = mapped_column(Text)
    address: Mapped[str] = mapped_column(Text)
    browser: Mapped[str] = mapped_column(Text)


class PasswordReset(Base):
    """A link for a new password, sent by mail. `token_hash` is the sha256 of its token.

    It is valid once, until `expires_at`, and while the user's `sessions_from` is the same.
    """

    __tablename__ = "password_resets"
    __table_args__ = (
        _user_key(),
        UniqueConstraint("token_hash"),
        CheckConstraint("octet_length(token_hash) = 32", name="token_hash"),
        # accounts/password_reset: the links of a user; the foreign key to users
        Index("ix_password_resets_user", "tenant_id", "user_id"),
    )
    tenant_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    user_id: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = now_column()
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    sessions_from: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
