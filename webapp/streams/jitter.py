"""Random delay before a refetch: each page waits a random part of it, so that thousands do not come at the same moment."""

from __future__ import annotations

# Streams of a tenant in one process up to which pages refetch at once and get each signal separately; more are a crowd.
CROWD_THRESHOLD = 50
# A page fetches all its panels in one request, which costs the process about 0.25 ms from memory.
MS_PER_VIEWER = 0.4
MAX_MS = 2_000


def jitter_ms(viewers: int) -> int:
    """The longest delay, in ms, for a tenant with this many streams in this process; 0 up to CROWD_THRESHOLD."""
    return 0 if viewers <= CROWD_THRESHOLD else min(MAX_MS, round(viewers * MS_PER_VIEWER))


def field(viewers: int) -> dict[str, int]:
    """The delay as a field of a signal's frame: `{"jitter": ms}`, or nothing when it is 0."""
    jitter = jitter_ms(viewers)
    return {"jitter": jitter} if jitter else {}
