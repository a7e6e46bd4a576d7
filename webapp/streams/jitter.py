"""How long a page may wait before it refetches: a random part of this, so that thousands do not ask in one instant."""

from __future__ import annotations

CROWD_THRESHOLD = (
    50  # watchers of a tenant in one process who may all ask at once, and get each signal by itself; more are a crowd
)
MS_A_VIEWER = 0.4  # a page asks for all its panels at once, which costs a process about 0.25 ms from memory
MAX_MS = 2_000


def spread_ms(viewers: int) -> int:
    """Milliseconds for the signal of a tenant that so many streams of this process watch; 0 for few."""
    return 0 if viewers <= CROWD_THRESHOLD else min(MAX_MS, round(viewers * MS_A_VIEWER))


def field(viewers: int) -> dict[str, int]:
    """What a signal's frame says of it: `{"spread": ms}`, and nothing where there is none."""
    spread = spread_ms(viewers)
    return {"spread": spread} if spread else {}
