"""Links of TVs: screens on a wall that show a tenant's figures without a user."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    SmallInteger,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from ..db import Base
from .columns import now_column

TV_THEMES = ("light", "dark", "auto")
TV_NAME_MAX_CHARS = 60
TV_SECONDS = range(5, 3601)  # per screen


class TvLink(Base):
    """One TV. Its address has the token of which `token_hash` is the sha256; a link with a `revoked_at` shows no figure.

    `screens` rotate in their order. `hides_money`: percentages in place of amounts. `celebrates`: a banner for paid orders. A
    `language` of None is the tenant's.
    """

    __tablename__ = "tv_links"
    __table_args__ = (
        UniqueConstraint("id"),
        UniqueConstraint("token_hash"),
        CheckConstraint(f"name <> '' AND length(name) <= {TV_NAME_MAX_CHARS}", name="name"),
        CheckConstraint("octet_length(token_hash) = 32", name="token_hash"),
        CheckConstraint("cardinality(screens) BETWEEN 1 AND 8", name="screens"),
        CheckConstraint(f"screen_seconds BETWEEN {TV_SECONDS[0]} AND {TV_SECONDS[-1]}", name="screen_seconds"),
        CheckConstraint(f"theme IN {TV_THEMES}", name="theme"),
        # streams/revocation: links that were revoked in the last minute; their removal
        Index("ix_tv_links_revoked", "revoked_at", postgresql_where=text("revoked_at IS NOT NULL")),
    )
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenants.id", ondelete="CASCADE"), primary_key=True)
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary)
    screens: Mapped[list[str]] = mapped_column(ARRAY(Text))
    screen_seconds: Mapped[int] = mapped_column(SmallInteger, server_default=text("20"))
    theme: Mapped[str] = mapped_column(Text, server_default=text("'auto'"))
    hides_money: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    celebrates: Mapped[bool] = mapped_column(Boolean, server_default=text("true"))
    language: Mapped[str | None] = mapped_column(Text)
    created_by: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    created_at: Mapped[datetime] = now_column()
    last_seen_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    revoked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
