"""Which destinations are active, as the relay's tick publishes it in Redis for the listener, and the wake-ups under way.

The listener imports this, so it needs Redis only: models would bring SQLAlchemy into its memory.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

import redis

ACTIVE_KEY = "doorbell:relay:active"
WAKE_KEY = "doorbell:relay:wake:{}"
# Without a tick for this long the listener wakes no destination.
ACTIVE_SECONDS = 60
# A wake-up that no run has answered is sent again after this long.
WAKE_MS = 1000


def publish(client: redis.Redis, ids: Iterable[int]) -> None:
    """Publish the ids of the active destinations for `listed`."""
    client.set(ACTIVE_KEY, ",".join(map(str, ids)), ex=ACTIVE_SECONDS)


def listed(client: redis.Redis) -> list[int]:
    """The ids published last; [] when there are none. What is not an id is ignored: any client of Redis can write there."""
    try:
        text = (cast(Any, client.get(ACTIVE_KEY)) or b"").decode(errors="replace")
    except redis.ResponseError:
        return []
    return [int(part) for part in text.split(",") if part.isascii() and part.isdigit() and len(part) < 10]


def claim_wake(client: redis.Redis, destination_id: int) -> bool:
    """Whether the caller is to send a run: none was sent that has not begun."""
    return bool(client.set(WAKE_KEY.format(destination_id), "1", nx=True, px=WAKE_MS))


def clear_wake(client: redis.Redis, destination_id: int) -> None:
    """Call when a run begins, before it reads: a later event needs another run."""
    client.delete(WAKE_KEY.format(destination_id))
