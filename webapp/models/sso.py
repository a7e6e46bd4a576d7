"""Single sign-on: connections to identity providers, their e-mail domains, and the accounts of users there."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    LargeBinary,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from ..db import Base
from .columns import TEXT_MAX_CHARS, length_check, now_column
from .tenant import EMAIL_MAX_CHARS, ROLES

BUTTON_MAX_CHARS = 60
# OpenID Connect Core 1.0, section 2.
SUBJECT_MAX_CHARS = 255


def _tenant_key() -> Mapped[int]:
    return mapped_column(BigInteger, ForeignKey("tenants.id", ondelete="CASCADE"), primary_key=True)


class SsoConnection(Base):
    """A tenant's identity provider. `client_secret` is encrypted, `rules` are those of sso/claims.py.

    Without a `default_role`, people whom no rule matches have no access. With `passwords_off` only admins may sign in with a
    password. Without a `button_text` the button has Doorbell's own.
    """

    __tablename__ = "sso_connections"
    __table_args__ = (
        CheckConstraint(f"issuer <> '' AND length(issuer) <= {TEXT_MAX_CHARS}", name="issuer"),
        CheckConstraint(f"client_id <> '' AND length(client_id) <= {TEXT_MAX_CHARS}", name="client_id"),
        CheckConstraint(f"button_text <> '' AND length(button_text) <= {BUTTON_MAX_CHARS}", name="button_text"),
        CheckConstraint("jsonb_typeof(rules) = 'array'", name="rules"),
        CheckConstraint(f"default_role IN {ROLES}", name="default_role"),
    )
    tenant_id: Mapped[int] = _tenant_key()
    issuer: Mapped[str] = mapped_column(Text)
    client_id: Mapped[str] = mapped_column(Text)
    client_secret: Mapped[bytes] = mapped_column(LargeBinary)
    button_text: Mapped[str | None] = mapped_column(Text)
    rules: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default=text("'[]'"))
    default_role: Mapped[str | None] = mapped_column(Text)
    passwords_off: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    changed_at: Mapped[datetime] = now_column()


class SsoDomain(Base):
    """An e-mail domain, in lower case and ASCII, whose people sign in through the tenant's provider. One tenant has it."""

    __tablename__ = "sso_domains"
    __table_args__ = (
        UniqueConstraint("domain"),
        CheckConstraint("domain = lower(domain) AND domain LIKE '%_._%' AND length(domain) <= 253", name="domain"),
    )
    tenant_id: Mapped[int] = _tenant_key()
    domain: Mapped[str] = mapped_column(Text, primary_key=True)
    added_at: Mapped[datetime] = now_column()


class SsoIdentity(Base):
    """The account of a user at the provider: its `subject` is fixed at the first sign-in, and is never an e-mail address.

    `name` and `email` are those of the provider at the last sign-in. In Doorbell the user may have others.
    """

    __tablename__ = "sso_identities"
    __table_args__ = (
        UniqueConstraint("tenant_id", "issuer", "subject"),
        ForeignKeyConstraint(["tenant_id", "user_id"], ["users.tenant_id", "users.id"], ondelete="CASCADE"),
        CheckConstraint(f"subject <> '' AND length(subject) <= {SUBJECT_MAX_CHARS}", name="subject"),
        length_check("name", TEXT_MAX_CHARS),
        length_check("email", EMAIL_MAX_CHARS),
    )
    tenant_id: Mapped[int] = _tenant_key()
    user_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    issuer: Mapped[str] = mapped_column(Text)
    subject: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    email: Mapped[str] = mapped_column(Text)
    linked_at: Mapped[datetime] = now_column()
