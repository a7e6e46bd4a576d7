"""Writes docs/events/<type>.schema.json: `make docs`, or `python -m webapp.events.schemas`.

One JSON Schema (draft 2020-12) per type, of the structured CloudEvent that the relay sends (relay/message.py). Each file is
complete in itself, so a consumer needs only the files of its types.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ..models.order import STATUSES
from ..money import MAX_MINOR
from . import catalog

FOLDER = Path(__file__).parents[2] / "docs" / "events"
_DRAFT = "https://json-schema.org/draft/2020-12/schema"

Schema = dict[str, Any]

# In UTC with microseconds. Most validators do not check a format, so the pattern says it again.
_TIME: Schema = {
    "type": "string",
    "format": "date-time",
    "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{6}Z$",
}
_ID: Schema = {"type": "integer", "minimum": 1}
_ID_OR_SAMPLE: Schema = {"type": "integer", "minimum": 0, "description": "0 in a sample"}
_NUMBER: Schema = {"type": "string", "minLength": 1, "maxLength": 64}
_CURRENCY: Schema = {"type": "string", "pattern": "^[A-Z]{3}$"}
_MINOR: Schema = {"type": "integer", "minimum": 0, "maximum": MAX_MINOR}
_NULL: Schema = {"type": "null"}
_SLUG = "[a-z0-9][a-z0-9-]*"


def _or_null(schema: Schema) -> Schema:
    return {**schema, "type": [schema["type"], "null"]}


def _status(*statuses: str) -> Schema:
    return {"enum": [status for status in STATUSES if status in (statuses or STATUSES)]}


def _status_but(*statuses: str) -> Schema:
    return _status(*(status for status in STATUSES if status not in statuses))


def _values(**properties: Schema) -> Schema:
    """Exactly these values."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _null_at_insert(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null", "description": "the order was inserted in this state"}]}


_USER_ID = _or_null(_ID)
_NUMBER_OF_DELETED: Schema = {
    **_or_null(_NUMBER),
    "description": "null if triggers did not fire for the deletion, and no event has the number",
}
_REASON: Schema = {"type": ["string", "null"], "maxLength": 200}
_REFUND: Schema = {"status": _status(), "refunded_minor": _MINOR}
_EDITED: Schema = {
    "type": "object",
    "description": "the columns that changed; `old` and `new` have the same ones",
    "properties": {
        "number": _NUMBER,
        "customer": {"type": "string", "maxLength": 500},
        "total_minor": _MINOR,
        "currency": _CURRENCY,
        "status": _status(),
        "placed_at": _TIME,
        "paid_at": _or_null(_TIME),
        "shipped_at": _or_null(_TIME),
        "cancelled_at": _or_null(_TIME),
    },
    "minProperties": 1,
    "additionalProperties": False,
}
# Per type: the schemas of `amount_minor`, `old` and `new`, as the triggers in migrations/sql write them.
_BY_TYPE: dict[str, tuple[Schema, Schema, Schema]] = {
    "placed": (_MINOR, _NULL, _values(status=_status(), total_minor=_MINOR, currency=_CURRENCY)),
    "paid": (
        _MINOR,
        _null_at_insert(_values(status=_status("placed", "shipped", "cancelled"))),
        _values(status=_status_but("placed")),
    ),
    "shipped": (
        _NULL,
        _null_at_insert(_values(status=_status_but("shipped"))),
        _values(status=_status("shipped", "refunded", "cancelled")),
    ),
    "refunded": (
        {"type": "integer", "minimum": -MAX_MINOR, "maximum": MAX_MINOR, "not": {"const": 0}},
        _null_at_insert(_values(**_REFUND)),
        _values(**_REFUND),
    ),
    "cancelled": (
        _NULL,
        _null_at_insert(_values(status=_status_but("cancelled"))),
        _values(status={"const": "cancelled"}),
    ),
    "reassigned": (_NULL, _values(owner_id=_USER_ID), _values(owner_id=_USER_ID)),
    "edited": (_NULL, _EDITED, _EDITED),
    "payment_corrected": (
        _MINOR,
        _values(status=_status_but("placed"), paid_at=_TIME),
        _values(status=_status("placed", "shipped", "cancelled"), paid_at=_NULL, reason=_REASON),
    ),
    "shipment_corrected": (
        _NULL,
        _values(status=_status("shipped", "refunded", "cancelled"), shipped_at=_TIME),
        _values(status=_status_but("shipped"), shipped_at=_NULL, reason=_REASON),
    ),
    "commented": (_NULL, _NULL, _values(comment_id=_ID, change={"enum": ["added", "deleted"]})),
    "deleted": (
        _NULL,
        _values(
            number=_NUMBER_OF_DELETED, status=_status(), total_minor=_MINOR, placed_at=_TIME, paid_at=_or_null(_TIME)
        ),
        _NULL,
    ),
}


def schema(event: catalog.EventType) -> Schema:
    """The JSON Schema of the structured CloudEvent of one type."""
    return {
        "$schema": _DRAFT,
        "$id": f"urn:doorbell:event:{event.name}",
        "title": f"doorbell.order.{event.name}",
        "description": f"{event.when.replace('`', '')} Generated from webapp/events/schemas.py by `make docs`.",
        "type": "object",
        "properties": {**_envelope(event), "data": _data(event)},
        "required": [*_envelope(event, optional=False), "data"],
        # Replays and samples are outside of the sequence.
        "oneOf": [{"required": names} for names in (["sequence", "incarnation"], ["doorbellreplay"], ["doorbelltest"])],
        "dependentRequired": {"incarnation": ["sequence"], "sequence": ["incarnation"]},
        "additionalProperties": False,
    }


def _envelope(event: catalog.EventType, *, optional: bool = True) -> Schema:
    """The CloudEvents attributes; those that a message may lack are `optional`."""
    always: Schema = {
        "specversion": {"const": "1.0"},
        "id": {
            "type": "string",
            "pattern": "^[0-9]+-[0-9]+$",
            "description": "the same for each repeat and replay of an event: drop what you have by this",
        },
        "source": {"type": "string", "pattern": f"^/doorbell/{_SLUG}$", "description": "the tenant"},
        "type": {"const": f"doorbell.order.{event.name}"},
        "subject": {"type": "string", "pattern": "^orders/[0-9]+$"},
        "time": {**_TIME, "description": "when the change happened"},
        "recordedtime": {**_TIME, "description": "when the event was written"},
        "datacontenttype": {"const": "application/json"},
        "partitionkey": {
            "type": "string",
            "pattern": f"^{_SLUG}/[0-9]+$",
            "description": "messages of one key keep their order",
        },
        "timestamp": {**_TIME, "description": "time, for receivers of Standard Webhooks; in structured mode only"},
    }
    if not optional:
        return always
    return always | {
        "sequence": {
            "type": "string",
            "pattern": "^[0-9]{19}$",
            "description": "grows with each message of a destination and sorts as text; a repeat has the same one",
        },
        "incarnation": {
            "type": "string",
            "pattern": "^[1-9][0-9]*$",
            "description": "grows when the sequence may have started again",
        },
        "doorbellreplay": {"type": "string", "minLength": 1, "description": "the replay that sends the event again"},
        "doorbelltest": {"const": "true", "description": "a sample of `flask relay test`, of no order"},
    }


def _data(event: catalog.EventType) -> Schema:
    amount, old, new = _BY_TYPE[event.name]
    return _values(
        event_id=_ID_OR_SAMPLE,
        type={"const": event.name},
        order_id=_ID_OR_SAMPLE,
        number={
            **_or_null(_NUMBER),
            "description": "the order's when the event was relayed; may be null once the order is deleted",
        },
        currency={
            **_or_null(_CURRENCY),
            "description": "ISO 4217, of all amounts; may be null once the order is deleted",
        },
        amount_minor={
            **amount,
            "description": f"{event.amount}; in minor units" if amount is not _NULL else "no amount",
        },
        owner_id={**_USER_ID, "description": "the salesperson after the change"},
        actor_id={**_USER_ID, "description": "the signed-in user who acted"},
        claimed_actor_id={**_USER_ID, "description": "the user whom another program named"},
        via={"type": "string", "description": "the writer's application_name"},
        old=old,
        new=new,
        occurred_at={**_TIME, "description": event.occurred_at.replace("`", "")},
        recorded_at=_TIME,
    )


def render() -> dict[str, str]:
    """The text of each file, by its name in docs/events/."""
    return {
        f"{event.name}.schema.json": json.dumps(schema(event), indent=2, ensure_ascii=False) + "\n"
        for event in catalog.CATALOG
    }


def write(folder: Path = FOLDER) -> None:
    """Write each file, and remove those of types that are gone."""
    folder.mkdir(exist_ok=True)
    files = render()
    for old in folder.glob("*.schema.json"):
        if old.name not in files:
            old.unlink()
    for name, text in files.items():
        (folder / name).write_text(text)


if __name__ == "__main__":
    write()
