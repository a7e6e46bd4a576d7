"""A message: one event of the outbox on its way to one destination, as CloudEvents 1.0.

`attributes` are the context attributes (binary mode: a sender puts them into headers), `data` is the payload, and `structured`
is one JSON document with both. docs/events/ has the JSON Schemas.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from ..concurrency.lazy import lazy
from ..models.order import ORDER_TIMES
from ..outbox.diff import OutboxEvent

TYPE_PREFIX = "doorbell.order."
JSON_TYPE = "application/json"
STRUCTURED_TYPE = "application/cloudevents+json"
# As wide as the largest bigint, so that sequences sort as texts.
SEQUENCE_DIGITS = 19
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_TIMES = frozenset(ORDER_TIMES)


@dataclass(frozen=True)
class Message:
    """One event for one destination.

    - `tenant` is the tenant's slug. `number` and `currency` are the order's when the event is relayed; None once it is deleted.
    - `sequence` grows by one per message of a destination. Per order it never decreases, and a repeat has the same one.
    - `incarnation` grows when the sequence may have started again: after a failover or a point-in-time restore.
    - `replay` names the replay that sends the event again; such a message has the event's id and no sequence.
    - `is_test` marks a sample that belongs to no order; it has no sequence either.
    """

    event: OutboxEvent
    tenant: str
    number: str | None
    currency: str | None
    sequence: int
    incarnation: int = 1
    replay: str | None = None
    is_test: bool = False

    @lazy
    def id(self) -> str:
        """The same for each repeat and replay of this event. A bare id is used again after a point-in-time restore."""
        return f"{self.event.id}-{(self.event.recorded_at - _EPOCH) // _MICROSECOND}"

    @lazy
    def key(self) -> str:
        """The messages of one key keep their order."""
        return f"{self.tenant}/{self.event.order_id}"

    @lazy
    def attributes(self) -> dict[str, str]:
        """The CloudEvents context attributes, without the prefix that a protocol gives them."""
        event = self.event
        attributes = {
            "specversion": "1.0",
            "id": self.id,
            "source": f"/doorbell/{self.tenant}",
            "type": TYPE_PREFIX + event.type,
            "subject": f"orders/{event.order_id}",
            "time": _time(event.occurred_at),
            "recordedtime": _time(event.recorded_at),
            "datacontenttype": JSON_TYPE,
            "partitionkey": self.key,
        }
        if self.is_test:
            return attributes | {"doorbelltest": "true"}
        if self.replay is not None:
            return attributes | {"doorbellreplay": self.replay}
        return attributes | {
            "sequence": f"{self.sequence:0{SEQUENCE_DIGITS}}",
            "incarnation": str(self.incarnation),
        }

    @lazy
    def data(self) -> bytes:
        """The payload as JSON in UTF-8. Amounts are in the currency's minor units."""
        return orjson.dumps(self._data)

    @lazy
    def structured(self) -> bytes:
        """Attributes and payload as one JSON document in UTF-8 (`STRUCTURED_TYPE`).

        `timestamp` repeats `time` for receivers of Standard Webhooks.
        """
        return orjson.dumps({**self.attributes, "timestamp": self.attributes["time"], "data": self._data})

    def fill(self, template: str) -> str:
        """A name of a topic, subject, stream or routing key: `{tenant}`, `{type}` and `{order_id}` are replaced."""
        if "{" not in template:
            return template
        return (
            template.replace("{tenant}", self.tenant)
            .replace("{type}", self.event.type)
            .replace("{order_id}", str(self.event.order_id))
        )

    @property
    def _data(self) -> dict[str, Any]:
        event = self.event
        return {
            "event_id": event.id,
            "type": event.type,
            "order_id": event.order_id,
            "number": self.number,
            "currency": self.currency,
            "amount_minor": event.amount_minor,
            "owner_id": event.owner_id,
            "actor_id": event.actor_id,
            "claimed_actor_id": event.claimed_actor_id,
            "via": event.via,
            "old": _values(event.old_values),
            "new": _values(event.new_values),
            "occurred_at": self.attributes["time"],
            "recorded_at": self.attributes["recordedtime"],
        }


def _time(moment: datetime) -> str:
    """Such as "2026-01-02T10:00:00.000005Z", always with microseconds and in UTC."""
    # `isoformat` takes several times as long.
    text = orjson.dumps(moment, option=orjson.OPT_UTC_Z)
    if not text.endswith(b'Z"'):
        text = orjson.dumps(moment.astimezone(UTC), option=orjson.OPT_UTC_Z)
    return text[1:-1].decode() if moment.microsecond else f"{text[1:-2].decode()}.000000Z"


def _values(values: dict[str, Any] | None) -> dict[str, Any] | None:
    """The values with their times in UTC: the trigger writes them in the zone of the writer's session."""
    if values is None or _TIMES.isdisjoint(values):
        return values
    return {name: _time_text(value) if name in _TIMES and value else value for name, value in values.items()}


def _time_text(text: str) -> str:
    try:
        return _time(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        # Events of older revisions may have "infinity", which no calendar has.
        return text
