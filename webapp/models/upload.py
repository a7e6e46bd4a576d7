"""Uploaded files of orders, and their chunks."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from ..db import Base
from .columns import length_check, now_column

UPLOAD_NAME_MAX_CHARS = 255
UPLOAD_STATES = ("uploading", "ready", "queued", "running", "done", "refused", "failed", "cancelled")
CHUNK_KINDS = ("file", "report")


def _moment() -> Mapped[datetime | None]:
    return mapped_column(DateTime(timezone=True))


class UploadedFile(Base):
    """A file of orders with its options, and its present or last job: a check (`is_dry_run`) or an import.

    A worker holds a job until `lease_until`; `fence` grows with each holder, so that an earlier one can write nothing more.
    `result` of an import is written in the transaction that places its orders.
    """

    __tablename__ = "uploads"
    __table_args__ = (
        CheckConstraint(f"state IN {UPLOAD_STATES}", name="state"),
        length_check("name", UPLOAD_NAME_MAX_CHARS),
        length_check("uploaded_by", 900),
        # uploads/jobs.py: the job that waits longest; doctor/uploads.py
        Index("ix_uploads_jobs", "queued_at", postgresql_where=text("state IN ('queued', 'running')")),
    )
    tenant_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("tenants.id", ondelete="CASCADE"), primary_key=True)
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    uploaded_by: Mapped[str] = mapped_column(Text)
    size_bytes: Mapped[int] = mapped_column(BigInteger, server_default="0")
    options: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    state: Mapped[str] = mapped_column(Text, server_default="uploading")
    is_dry_run: Mapped[bool] = mapped_column(Boolean, server_default=text("true"))
    version: Mapped[int] = mapped_column(Integer, server_default="0")
    attempts: Mapped[int] = mapped_column(Integer, server_default="0")
    fence: Mapped[int] = mapped_column(BigInteger, server_default="0")
    lease_until: Mapped[datetime | None] = _moment()
    is_cancel_requested: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    phase: Mapped[str | None] = mapped_column(Text)
    done_bytes: Mapped[int] = mapped_column(BigInteger, server_default="0")
    orders_to_place: Mapped[int | None] = mapped_column(BigInteger)
    result: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    report_bytes: Mapped[int] = mapped_column(BigInteger, server_default="0")
    problem: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = now_column()
    changed_at: Mapped[datetime] = now_column()
    queued_at: Mapped[datetime | None] = _moment()
    finished_at: Mapped[datetime | None] = _moment()
    imported_at: Mapped[datetime | None] = _moment()


class UploadChunk(Base):
    """A piece of an uploaded file, or of the report of its rejected rows; `position` counts from 0."""

    __tablename__ = "upload_chunks"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "upload_id"],
            ["uploads.tenant_id", "uploads.id"],
            name="fk_upload_chunks_tenant_id_upload_id_uploads",
            ondelete="CASCADE",
        ),
        CheckConstraint(f"kind IN {CHUNK_KINDS}", name="kind"),
    )
    tenant_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    upload_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)
