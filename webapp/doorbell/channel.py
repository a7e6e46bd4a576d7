"""The NOTIFY channel that writers ring on, and a ring as it arrives.

A ring only means "read the outbox". The tables are the truth, so a lost ring delays a signal until the next safety drain.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import psycopg

CHANNEL = "doorbell_v1"
# The first bytes of the ring that a listener (or the doctor) sends to itself.
SELF_RING_PREFIX = b'{"self": "'


class Ring(NamedTuple):
    """One NOTIFY as it arrived. Its payload is never parsed, because any role that may connect chooses the bytes."""

    payload: bytes

    @property
    def is_self_ring(self) -> bool:
        """Whether the ring is a loopback test, which announces no change of an order."""
        return self.payload.startswith(SELF_RING_PREFIX)


def listen(conn: psycopg.Connection[Any]) -> None:
    conn.execute(f"LISTEN {CHANNEL}")
