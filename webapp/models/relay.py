"""The relay's tables: destinations, receipts, held events, replays, the audit log."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, INT8RANGE, JSONB, Range
from sqlalchemy.orm import Mapped, mapped_column

from ..db import Base
from .columns import now_column

DESTINATION_KINDS = ("redis", "nats", "amqp", "kafka", "webhook")
DESTINATION_STATES = ("active", "paused", "disabled")


def _moment() -> Mapped[datetime | None]:
    return mapped_column(DateTime(timezone=True))


def destination_key(**options: Any) -> Mapped[int]:
    """The destination of a row that is removed with it."""
    return mapped_column(BigInteger, ForeignKey("relay_destinations.id", ondelete="CASCADE"), **options)


class RelayDestination(Base):
    """Where events are sent. `url` has no secrets; `secrets` are encrypted (relay/secrets.py).

    `tenant_id`, `types` and `recorded_from` filter the events; NULL is no filter. `next_sequence` is the next message's
    number in the `incarnation`. `fence` grows with each new `holder`, a session of a worker, so that an earlier holder can
    write nothing more.
    """

    __tablename__ = "relay_destinations"
    __table_args__ = (
        CheckConstraint("name ~ '^[a-z0-9][a-z0-9_-]{0,39}$'", name="name"),
        CheckConstraint(f"kind IN {DESTINATION_KINDS}", name="kind"),
        CheckConstraint(f"state IN {DESTINATION_STATES}", name="state"),
    )
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    name: Mapped[str] = mapped_column(Text, unique=True)
    kind: Mapped[str] = mapped_column(Text)
    url: Mapped[str] = mapped_column(Text)
    secrets: Mapped[bytes | None] = mapped_column(LargeBinary)
    tenant_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("tenants.id", ondelete="CASCADE"))
    types: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    recorded_from: Mapped[datetime | None] = _moment()
    state: Mapped[str] = mapped_column(Text, server_default="active")
    state_reason: Mapped[str | None] = mapped_column(Text)
    state_at: Mapped[datetime] = now_column()
    fence: Mapped[int] = mapped_column(BigInteger, server_default="0")
    holder: Mapped[str | None] = mapped_column(Text)
    next_sequence: Mapped[int] = mapped_column(BigInteger, server_default="1")
    incarnation: Mapped[int] = mapped_column(Integer, server_default="1")
    sent: Mapped[int] = mapped_column(BigInteger, server_default="0")
    last_sent_at: Mapped[datetime | None] = _moment()
    failing_since: Mapped[datetime | None] = _moment()
    last_error: Mapped[str | None] = mapped_column(Text)
    last_error_at: Mapped[datetime | None] = _moment()
    created_at: Mapped[datetime] = now_column()


class RelayReceipt(Base):
    """A page of acknowledged events: `positions` has one text per element of `event_ids`."""

    __tablename__ = "relay_receipts"
    __table_args__ = (
        CheckConstraint("cardinality(positions) = cardinality(event_ids)", name="positions"),
        # relay/journey.py: where one event was acknowledged
        Index("ix_relay_receipts_events", "events", postgresql_using="gist"),
        # relay/retention.py: old receipts
        Index("ix_relay_receipts_destination", "destination_id", "acknowledged_at"),
    )
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    destination_id: Mapped[int] = destination_key()
    events: Mapped[Range[int]] = mapped_column(INT8RANGE)
    event_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    positions: Mapped[list[str]] = mapped_column(ARRAY(Text))
    acknowledged_at: Mapped[datetime] = now_column()


class RelayHeldEvent(Base):
    """A dead letter, or without a `reason` a later event of its order. `event` is the row of order_events."""

    __tablename__ = "relay_held_events"
    __table_args__ = (
        CheckConstraint("requested IN ('retry', 'skip')", name="requested"),
        CheckConstraint("(requested IS NULL) = (requested_at IS NULL)", name="requested_at"),
        # relay/held.py: the held events of an order, in order
        Index("ix_relay_held_events_order", "destination_id", "order_id", "event_id"),
        # relay/journey.py: the held events of one order
        Index("ix_relay_held_events_tenant", "tenant_id", "order_id"),
    )
    destination_id: Mapped[int] = destination_key(primary_key=True)
    event_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    recorded_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), primary_key=True)
    tenant_id: Mapped[int] = mapped_column(BigInteger)
    order_id: Mapped[int] = mapped_column(BigInteger)
    event: Mapped[dict[str, Any]] = mapped_column(JSONB)
    reason: Mapped[str | None] = mapped_column(Text)
    attempts: Mapped[int] = mapped_column(Integer, server_default="0")
    held_at: Mapped[datetime] = now_column()
    last_attempt_at: Mapped[datetime | None] = _moment()
    requested: Mapped[str | None] = mapped_column(Text)
    requested_at: Mapped[datetime | None] = _moment()


class RelayReplay(Base):
    """Events that are sent again: those written from `recorded_from` and before `recorded_before`."""

    __tablename__ = "relay_replays"
    __table_args__ = (
        CheckConstraint("state IN ('running', 'done', 'cancelled')", name="state"),
        # relay/replays.py: the running replays of a destination
        Index("ix_relay_replays_destination", "destination_id", "id"),
    )
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    destination_id: Mapped[int] = destination_key()
    recorded_from: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    recorded_before: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    tenant_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("tenants.id", ondelete="CASCADE"))
    types: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    events_per_second: Mapped[int] = mapped_column(Integer)
    state: Mapped[str] = mapped_column(Text, server_default="running")
    sent: Mapped[int] = mapped_column(BigInteger, server_default="0")
    refused: Mapped[int] = mapped_column(BigInteger, server_default="0")
    requested_by: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = now_column()
    finished_at: Mapped[datetime | None] = _moment()


class RelayAuditEntry(Base):
    """A verb on a destination: who did what and when. The name stays when the destination is removed."""

    __tablename__ = "relay_audit"
    # relay/audit.py: the newest entries of a destination
    __table_args__ = (Index("ix_relay_audit_destination", "destination", "id"),)
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    at: Mapped[datetime] = now_column()
    destination: Mapped[str] = mapped_column(Text)
    tenant_id: Mapped[int | None] = mapped_column(BigInteger)
    actor: Mapped[str] = mapped_column(Text)
    verb: Mapped[str] = mapped_column(Text)
    details: Mapped[str] = mapped_column(Text, server_default=text("''"))
