"""The bell: a ring from one session is heard by another, through the way that the listener listens on."""

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

HEAR_SECONDS = 3.0


def look(system: System) -> Iterator[Finding]:
    with system.postgresql() as ear, system.postgresql() as hand:
        channel.listen(ear)
        payload = json.dumps({"self": secrets.token_hex(8)})  # a ring that tells of no change
        try:
            begun = time.monotonic()
            hand.execute("SELECT pg_notify(%s, %s)", [channel.CHANNEL, payload])
        except psycopg.errors.ProgramLimitExceeded:
            yield fault(
                "PostgreSQL refuses NOTIFY, its queue is full: no order can be written",
                "End the session that holds the queue up; the line “queue” names it.",
            )
            return
        if _is_heard(ear, payload):
            yield ok(f"heard in {(time.monotonic() - begun) * 1000:.0f} ms")
        else:
            yield _unheard(is_through_a_pooler(ear))


def _is_heard(ear: psycopg.Connection, payload: str) -> bool:
    deadline = time.monotonic() + HEAR_SECONDS
    while (left := deadline - time.monotonic()) > 0:
        for ring in ear.notifies(timeout=left, stop_after=1):
            if ring.payload == payload:  # others ring too
                return True
    return False


def _unheard(through_a_pooler: bool) -> Finding:
    seen = f"a ring was not heard within {HEAR_SECONDS:.0f} s"
    if through_a_pooler:
        return fault(
            f"{seen}, and a pooler stands between",
            "A transaction pooler such as PgBouncer drops LISTEN. Give PostgreSQL's own address in DATABASE_URL.",
        )
    return fault(
        seen, "See PostgreSQL's load and the line “queue”: a session in a long transaction may hold the queue up."
    )
