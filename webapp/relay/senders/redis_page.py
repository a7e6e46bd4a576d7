"""The plan of a page for Redis Streams: which messages are there already, and the ids of the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from ..message import Message
from . import redis_ids
from .base import SequenceUsed
from .redis_ids import EntryId

# A stream and the id of an entry in it.
Position = tuple[str, EntryId]
# Entries are compared by the message's id and the name of its replay.
Identity = tuple[str, str]


def identity(message: Message) -> Identity:
    return message.id, message.replay or ""


class Placed(NamedTuple):
    """A message with its stream, and with the id that it has, or had when it was sent before; None for a new replay."""

    message: Message
    stream: str
    entry: EntryId | None


@dataclass
class Plan:
    """`present` are the indexes of messages that the streams have, `writes` those of the others with their ids."""

    present: dict[int, EntryId] = field(default_factory=dict)
    writes: dict[int, EntryId] = field(default_factory=dict)


def to_compare(page: Sequence[Placed], tops: Mapping[str, EntryId]) -> list[Position]:
    """The positions at or below the streams' tops: an entry there is this message, or another one."""
    return [(placed.stream, placed.entry) for placed in page if placed.entry and placed.entry <= tops[placed.stream]]


def plan(page: Sequence[Placed], tops: Mapping[str, EntryId], entries: Mapping[Position, Identity]) -> Plan:
    """The plan of a page; `entries` are those found at the positions of `to_compare`.

    Raises SequenceUsed when another event has the id of a message, or may have had it. A missing entry is proved to be this
    message's when a later message of the page is in the same stream: a page is written by one transaction, so the entry was
    trimmed or deleted since. Without that proof the message is sent again, because a repeat is better than a loss.
    """
    made, above = Plan(), dict(tops)
    proved: set[str] = set()
    # Backwards, because a later message proves the earlier ones.
    for index, placed in reversed(list(enumerate(page))):
        if placed.entry is None or placed.entry > tops[placed.stream]:
            continue
        found = entries.get((placed.stream, placed.entry))
        if found == identity(placed.message):
            proved.add(placed.stream)
        elif placed.message.replay is not None:
            # It was not written then, and another entry has the id since.
            continue
        elif found is not None or placed.stream not in proved:
            raise SequenceUsed(_used(placed, found))
        made.present[index] = placed.entry
    for index, placed in enumerate(page):
        if index in made.present:
            continue
        top = above[placed.stream]
        entry = placed.entry if placed.entry and placed.entry > top else redis_ids.above(top)
        made.writes[index] = above[placed.stream] = entry
    return made


def _used(placed: Placed, found: Identity | None) -> str:
    assert placed.entry is not None
    seen = f"has another event, {found[0]!r}" if found else "had an entry that is no longer there"
    return (
        f"stream {placed.stream!r} {seen}, at {redis_ids.text(placed.entry)}, the id of event {placed.message.id!r}; "
        "a new incarnation is needed. If this happens often, give each destination a stream of its own"
    )
