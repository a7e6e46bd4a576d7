"""The relay's queue: the name of its task and of its queue, for the worker and for the listener that wakes it."""

from __future__ import annotations

RELAY_QUEUE = "relay"
# Run one destination; its id is the only argument.
RELAY_RUN = "tasks.relay.run"
# A run that waits longer than this in the queue is not needed: ticks have sent others.
EXPIRES_SECONDS = 60.0
