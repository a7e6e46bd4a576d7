"""A signal: which topics of a tenant changed. It never carries the data itself."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from ..events.topics import BOARD_TOPICS, ORDERS

# Doorbell writes no signal that exceeds these. MAX_SEQ is exact in Lua and JavaScript, and far in the future.
MAX_BYTES = 1_000_000
MAX_IDS = 1_000
MAX_ID = 2**63 - 1
MAX_SEQ = 2**52
_TOPICS = frozenset(BOARD_TOPICS)


@dataclass(frozen=True)
class Signal:
    """The changed topics of one tenant. `topics` maps a topic to order ids, or to None for "many" or "no ids"."""

    seq: int
    topics: Mapping[str, Sequence[int] | None]
    users: Mapping[int, Sequence[str]] = field(default_factory=dict)
    at: int = 0  # of its newest change, epoch ms

    def for_user(self, user_id: int) -> Signal:
        """The part that concerns this user: the tenant's topics, and the user's own."""
        own = self.users.get(user_id, ())
        return Signal(self.seq, {**self.topics, **dict.fromkeys(own)}, at=self.at)

    @classmethod
    def parse(cls, text: str | bytes, seq: int | None = None) -> Signal:
        """Raises ValueError, and nothing else, when `text` is not a valid signal."""
        try:
            if len(text) > MAX_BYTES:
                raise ValueError("too long")
            data = json.loads(text)
            seq = _whole(data["seq"], MAX_SEQ) if seq is None else seq
            topics = {_topic(topic): _ids(topic, ids) for topic, ids in data["topics"].items()}
            users = {_user(user): _topics(names) for user, names in data["users"].items()}
            return cls(seq, topics, users, _whole(data["at"], MAX_SEQ))
        except (KeyError, TypeError, AttributeError, ValueError, RecursionError) as error:
            raise ValueError(f"not a valid signal: {text[:80]!r} ({error!r:.80})") from error


def _whole(value: Any, maximum: int) -> int:
    if type(value) is not int or not 0 <= value <= maximum:
        raise ValueError(f"not a whole number from 0 to {maximum}: {value!r:.40}")
    return value


def _topic(name: Any) -> str:
    if name not in _TOPICS:
        raise ValueError(f"not a valid topic: {name!r:.40}")
    return cast(str, name)


def _topics(names: Any) -> list[str]:
    if not isinstance(names, list):
        raise ValueError(f"not a list of topics: {names!r:.40}")
    return [_topic(name) for name in names]


def _ids(topic: str, ids: Any) -> Sequence[int] | None:
    if ids is None:
        return None
    if topic != ORDERS or not isinstance(ids, list) or len(ids) > MAX_IDS:
        raise ValueError(f"not valid ids of orders: {ids!r:.40}")
    return [_whole(order_id, MAX_ID) for order_id in ids]


def _user(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        raise ValueError(f"not a valid id of a user: {text!r:.40}")
    return _whole(int(text), MAX_ID)
