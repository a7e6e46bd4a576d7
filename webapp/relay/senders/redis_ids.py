"""The ids of entries in a Redis stream, as pairs `(upper, lower)`. Redis writes `upper-lower`, and accepts rising ids only.

A message has the id `(incarnation × 10¹² + sequence, 0)`, so a repeat has the same id, and Redis refuses it. A new incarnation
lies above every id of the one before. A replayed message has no sequence; it goes directly above the newest entry, with that
entry's upper part: `(upper, lower + 1)`. So replays are below the next message, and use up none of its ids.

Ids that Redis makes itself (`XADD … *`) are milliseconds since 1970: above incarnation 1, and below incarnation 2 until 2033.
"""

from __future__ import annotations

from ..message import Message

EntryId = tuple[int, int]
SEQUENCES = 10**12
# The upper part of an id has 64 bits.
MAX_INCARNATION = 2**64 // SEQUENCES - 1


def of(message: Message) -> EntryId:
    """The id of a message with a sequence. Raises ValueError when its sequence or incarnation is out of bounds."""
    if not 0 <= message.sequence < SEQUENCES or not 1 <= message.incarnation <= MAX_INCARNATION:
        raise ValueError(
            f"sequence {message.sequence} of incarnation {message.incarnation}; "
            f"allowed are sequences below {SEQUENCES} and incarnations from 1 to {MAX_INCARNATION}"
        )
    return message.incarnation * SEQUENCES + message.sequence, 0


def above(entry: EntryId) -> EntryId:
    """The id of a replayed message that follows `entry`."""
    return entry[0], entry[1] + 1


def parse(text: bytes | str) -> EntryId:
    """The pair of an id as Redis writes it."""
    upper, _, lower = (text.decode() if isinstance(text, bytes) else text).partition("-")
    return int(upper), int(lower)


def text(entry: EntryId) -> str:
    """An id as Redis writes it."""
    return f"{entry[0]}-{entry[1]}"
