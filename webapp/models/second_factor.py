"""The second factors of users: authenticator apps, passkeys, recovery codes."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    DateTime,
    ForeignKeyConstraint,
    Identity,
    Index,
    LargeBinary,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from ..db import Base
from .columns import now_column

PASSKEY_NAME_MAX_CHARS = 60
_HASH_BYTES = 32  # sha256


def _of_user() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["tenant_id", "user_id"], ["users.tenant_id", "users.id"], ondelete="CASCADE")


class AuthenticatorApp(Base):
    """The app that makes a user's one-time codes. `secret` is encrypted (second_factor/secret_box.py).

    Without a `confirmed_at` it is being set up and signs in no user. `last_step` is the step of the newest code that was used.
    """

    __tablename__ = "authenticator_apps"
    __table_args__ = (_of_user(),)
    tenant_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    user_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    secret: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = now_column()
    confirmed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    last_step: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))


class RecoveryCode(Base):
    """A code that signs in once in place of the app. Only its sha256 is stored."""

    __tablename__ = "recovery_codes"
    __table_args__ = (
        _of_user(),
        CheckConstraint(f"octet_length(code_hash) = {_HASH_BYTES}", name="code_hash"),
    )
    tenant_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    user_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    code_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    created_at: Mapped[datetime] = now_column()
    used_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class Passkey(Base):
    """A WebAuthn credential of a user. `is_synced`: the user's password manager keeps a copy."""

    __tablename__ = "passkeys"
    __table_args__ = (
        _of_user(),
        UniqueConstraint("credential_id"),
        CheckConstraint(f"name <> '' AND length(name) <= {PASSKEY_NAME_MAX_CHARS}", name="name"),
        CheckConstraint("octet_length(credential_id) BETWEEN 1 AND 1023", name="credential_id"),
        # second_factor/passkeys: the passkeys of a user; the foreign key to users
        Index("ix_passkeys_user", "tenant_id", "user_id"),
    )
    tenant_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    user_id: Mapped[int] = mapped_column(BigInteger)
    name: Mapped[str] = mapped_column(Text)
    credential_id: Mapped[bytes] = mapped_column(LargeBinary)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    sign_count: Mapped[int] = mapped_column(BigInteger)
    transports: Mapped[list[str]] = mapped_column(ARRAY(Text))
    is_synced: Mapped[bool] = mapped_column(Boolean)
    created_at: Mapped[datetime] = now_column()
    last_used_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class AnsweredChallenge(Base):
    """A challenge that a passkey has answered, kept until it has expired, so that the answer is not accepted twice."""

    __tablename__ = "answered_challenges"
    __table_args__ = (
        _of_user(),
        CheckConstraint(f"octet_length(challenge_hash) = {_HASH_BYTES}", name="challenge_hash"),
    )
    tenant_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    user_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    challenge_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    answered_at: Mapped[datetime] = now_column()
