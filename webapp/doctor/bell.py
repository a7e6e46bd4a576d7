"""Check of the doorbell: a ring from one session reaches another, on the same route as the listener's."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Iterator

import psycopg

from ..doorbell import channel
from .finding import Finding, fault, ok
from .postgresql import is_through_a_pooler
from .system import System

RING_TIMEOUT_SECONDS = 3.0


def check(system: System) -> Iterator[Finding]:
    with system.postgresql() as listener, system.postgresql() as ringer:
        channel.listen(listener)
        # A self-ring: it announces no change.
        payload = json.dumps({"self": secrets.token_hex(8)})
        try:
            began = time.monotonic()
            ringer.execute("SELECT pg_notify(%s, %s)", [channel.CHANNEL, payload])
        except psycopg.errors.ProgramLimitExceeded:
            yield fault(
                "PostgreSQL refuses NOTIFY because its queue is full: no order can be written",
                "End the session that blocks the queue; the line “queue” names it.",
            )
            return
        if _is_received(listener, payload):
            yield ok(f"a ring arrives in {(time.monotonic() - began) * 1000:.0f} ms")
        else:
            yield _missing(is_through_a_pooler(listener))


def _is_received(listener: psycopg.Connection, payload: str) -> bool:
    deadline = time.monotonic() + RING_TIMEOUT_SECONDS
    while (left := deadline - time.monotonic()) > 0:
        for ring in listener.notifies(timeout=left, stop_after=1):
            # Rings of other sessions arrive as well.
            if ring.payload == payload:
                return True
    return False


def _missing(through_a_pooler: bool) -> Finding:
    seen = f"a ring did not arrive within {RING_TIMEOUT_SECONDS:.0f} s"
    if through_a_pooler:
        return fault(
            f"{seen}, and the connection goes through a pooler",
            "A transaction pooler such as PgBouncer drops LISTEN. Give PostgreSQL's own address in DATABASE_URL.",
        )
    return fault(
        seen, "See PostgreSQL's load and the line “queue”: a session in a long transaction may block the queue."
    )
