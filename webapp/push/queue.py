"""The wake-up of pushes: the name of their task, and whether any browser is subscribed, as Redis has it for the listener.

The listener imports this, so it needs Redis only.
"""

from __future__ import annotations

import redis

# Sends the pushes that are due; without arguments.
PUSH_RUN = "tasks.push.run"
ACTIVE_KEY = "doorbell:push:active"
WAKE_KEY = "doorbell:push:wake"
# Without a run for this long the listener wakes none.
ACTIVE_SECONDS = 60
# A wake-up that no run has answered is sent again after this long.
WAKE_MS = 1000


def publish(client: redis.Redis, is_active: bool) -> None:
    """Publish for `is_active` whether there are subscriptions."""
    if is_active:
        client.set(ACTIVE_KEY, "1", ex=ACTIVE_SECONDS)
    else:
        client.delete(ACTIVE_KEY)


def is_active(client: redis.Redis) -> bool:
    return bool(client.exists(ACTIVE_KEY))


def claim_wake(client: redis.Redis) -> bool:
    """Whether the caller is to send a run: none was sent that has not begun."""
    return bool(client.set(WAKE_KEY, "1", nx=True, px=WAKE_MS))


def clear_wake(client: redis.Redis) -> None:
    """Call when a run begins, before it reads, and when none could be sent."""
    client.delete(WAKE_KEY)
