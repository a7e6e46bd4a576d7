"""A message: one event of the outbox on its way to one destination, as CloudEvents 1.0.

`attributes` are the context attributes (binary mode: a sender puts them into headers), `data` is the payload, and `structured`
is one JSON document with both. docs/events/ has the JSON Schemas.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from json.encoder import encode_basestring as quote
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
_SEQUENCE = f"%0{SEQUENCE_DIGITS}d"
_TIME_CHARS = len("2026-01-02T10:00:00.000005Z")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TIMES = frozenset(ORDER_TIMES)
# In the name of each of them.
_TIME_SUFFIX = "_at"


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

    @classmethod
    def of_page(
        cls,
        events: Sequence[OutboxEvent],
        orders: Sequence[tuple[str, str | None, str | None]],
        first_sequence: int,
        incarnation: int,
        replay: str | None,
    ) -> list[Message]:
        """A message per event; `orders` has the tenant, the number and the currency of each. The sequences are consecutive.

        Equal to messages made one by one, in a third of the time: `__init__` of a frozen class sets each field by a call.
        """
        occurred = times([event.occurred_at for event in events])
        recorded = times([event.recorded_at for event in events])
        messages = []
        for sequence, event, order, moments in zip(
            itertools.count(first_sequence), events, orders, zip(occurred, recorded, strict=True), strict=False
        ):
            message = cls.__new__(cls)
            fields: dict[str, Any] = {
                "event": event,
                "tenant": order[0],
                "number": order[1],
                "currency": order[2],
                "sequence": sequence,
                "incarnation": incarnation,
                "_times": moments,
            }
            if replay is not None:
                fields["replay"] = replay
            object.__setattr__(message, "__dict__", fields)
            messages.append(message)
        return messages

    @lazy
    def id(self) -> str:
        """The same for each repeat and replay of this event. A bare id is used again after a point-in-time restore."""
        since = self.event.recorded_at - _EPOCH
        # Integers, because `since // timedelta(microseconds=1)` takes longer.
        microseconds = (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
        return f"{self.event.id}-{microseconds}"

    @lazy
    def key(self) -> str:
        """The messages of one key keep their order."""
        return f"{self.tenant}/{self.event.order_id}"

    @lazy
    def attributes(self) -> dict[str, str]:
        """The CloudEvents context attributes, without the prefix that a protocol gives them."""
        event = self.event
        occurred, recorded = self._times
        attributes = {
            "specversion": "1.0",
            "id": self.id,
            "source": f"/doorbell/{self.tenant}",
            "type": TYPE_PREFIX + event.type,
            "subject": f"orders/{event.order_id}",
            "time": occurred,
            "recordedtime": recorded,
            "datacontenttype": JSON_TYPE,
            "partitionkey": self.key,
        }
        if self.is_test:
            attributes["doorbelltest"] = "true"
        elif self.replay is not None:
            attributes["doorbellreplay"] = self.replay
        else:
            attributes["sequence"] = _SEQUENCE % self.sequence
            attributes["incarnation"] = str(self.incarnation)
        return attributes

    @lazy
    def data(self) -> bytes:
        """The payload as JSON in UTF-8. Amounts are in the currency's minor units."""
        return self._data.encode()

    @lazy
    def structured(self) -> bytes:
        """Attributes and payload as one JSON document in UTF-8 (`STRUCTURED_TYPE`).

        `timestamp` repeats `time` for receivers of Standard Webhooks.
        """
        event, (occurred, recorded) = self.event, self._times
        # As text, in half the time of a dictionary and its serialization.
        if self.is_test:
            position = '"doorbelltest":"true"'
        elif self.replay is not None:
            position = f'"doorbellreplay":{quote(self.replay)}'
        else:
            position = f'"sequence":"{_SEQUENCE % self.sequence}","incarnation":"{self.incarnation}"'
        return (
            f'{{"specversion":"1.0","id":"{self.id}","source":{quote(f"/doorbell/{self.tenant}")},'
            f'"type":{quote(TYPE_PREFIX + event.type)},"subject":"orders/{event.order_id}","time":"{occurred}",'
            f'"recordedtime":"{recorded}","datacontenttype":"{JSON_TYPE}","partitionkey":{quote(self.key)},'
            f'{position},"timestamp":"{occurred}","data":{self._data}}}'
        ).encode()

    def fill(self, template: str) -> str:
        """A name of a topic, subject, stream or routing key: `{tenant}`, `{type}` and `{order_id}` are replaced."""
        if "{" not in template:
            return template
        return (
            template.replace("{tenant}", self.tenant)
            .replace("{type}", self.event.type)
            .replace("{order_id}", str(self.event.order_id))
        )

    @lazy
    def _times(self) -> tuple[str, str]:
        return _time(self.event.occurred_at), _time(self.event.recorded_at)

    @property
    def _data(self) -> str:
        (number, _, _, order_id, type_name, owner, actor, claimed, _, via, amount, old, new, _) = self.event
        occurred, recorded = self._times
        return (
            f'{{"event_id":{number},"type":{quote(type_name)},"order_id":{order_id},'
            f'"number":{"null" if self.number is None else quote(self.number)},'
            f'"currency":{"null" if self.currency is None else quote(self.currency)},'
            f'"amount_minor":{"null" if amount is None else amount},"owner_id":{"null" if owner is None else owner},'
            f'"actor_id":{"null" if actor is None else actor},'
            f'"claimed_actor_id":{"null" if claimed is None else claimed},"via":{quote(via)},'
            f'"old":{"null" if old is None else _values(old)},"new":{"null" if new is None else _values(new)},'
            f'"occurred_at":"{occurred}","recorded_at":"{recorded}"}}'
        )


def times(moments: Sequence[datetime]) -> list[str]:
    """Such as "2026-01-02T10:00:00.000005Z", always with microseconds and in UTC. All at once, in a fifth of the time."""
    texts = orjson.dumps(moments, option=orjson.OPT_UTC_Z)[2:-2].decode().split('","') if moments else []
    return [text if len(text) == _TIME_CHARS else _time(moment) for text, moment in zip(texts, moments, strict=True)]


def _time(moment: datetime) -> str:
    # `isoformat` takes several times as long.
    text = orjson.dumps(moment, option=orjson.OPT_UTC_Z)
    if not text.endswith(b'Z"'):
        text = orjson.dumps(moment.astimezone(UTC), option=orjson.OPT_UTC_Z)
    return text[1:-1].decode() if moment.microsecond else f"{text[1:-2].decode()}.000000Z"


def _values(text: str) -> str:
    """The values with their times in UTC: the trigger writes them in the zone of the writer's session."""
    if _TIME_SUFFIX not in text:
        return text
    values = orjson.loads(text).items()
    times_in_utc = {name: _time_text(value) if name in _TIMES and value else value for name, value in values}
    return orjson.dumps(times_in_utc).decode()


def _time_text(text: str) -> str:
    try:
        return _time(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        # Events of older revisions may have "infinity", which no calendar has.
        return text
