"""Comments of users on orders."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKeyConstraint,
    Identity,
    Index,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from ..db import Base
from .columns import now_column

COMMENT_MAX_CHARS = 2000


class OrderComment(Base):
    """A comment on an order. It is never changed; deleting it deletes the row, and so its text.

    `mentioned` are the ids of the users whom it named with @ when it was written.
    """

    __tablename__ = "order_comments"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "order_id"], ["orders.tenant_id", "orders.id"], ondelete="CASCADE"),
        ForeignKeyConstraint(["tenant_id", "user_id"], ["users.tenant_id", "users.id"], ondelete="CASCADE"),
        # comments/verbs: a form sent twice writes one comment; the foreign key to users
        UniqueConstraint("tenant_id", "user_id", "idempotency_key"),
        CheckConstraint(f"written <> '' AND length(written) <= {COMMENT_MAX_CHARS}", name="written"),
        # comments/reading: the comments of an order; the foreign key to orders
        Index("ix_order_comments_order", "tenant_id", "order_id", "id"),
    )
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    tenant_id: Mapped[int] = mapped_column(BigInteger)
    order_id: Mapped[int] = mapped_column(BigInteger)
    user_id: Mapped[int] = mapped_column(BigInteger)
    written: Mapped[str] = mapped_column(Text)
    mentioned: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), server_default=text("'{}'"))
    idempotency_key: Mapped[UUID] = mapped_column(Uuid)
    created_at: Mapped[datetime] = now_column()
