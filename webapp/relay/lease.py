"""The lease of a destination: one worker relays it at a time.

An advisory lock keeps the others away, and PostgreSQL frees it when the worker's session ends. The fence is a number that each
holder raises and that each of its writes checks, so a worker behind a pooler that lost its session can move nothing any more.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg

# The first of the two keys of the lock; the second is the destination's id.
LEASE_LOCK = 0x00D0_0BE5
WAIT_SECONDS = 3.0

_ACQUIRE = "SELECT pg_try_advisory_lock(%(lock)s, %(destination)s)"
_WAIT = "SELECT pg_advisory_lock(%(lock)s, %(destination)s)"
_RELEASE = "SELECT pg_advisory_unlock(%(lock)s, %(destination)s)"
# Raised only when the holder changes: most runs follow one of the same session, and write nothing here.
_HOLD = """
UPDATE relay_destinations SET fence = fence + 1, holder = %(holder)s
WHERE id = %(destination)s AND holder IS DISTINCT FROM %(holder)s
"""
_FENCE = "SELECT fence FROM relay_destinations WHERE id = %(destination)s AND holder = %(holder)s"


class Fenced(Exception):
    """Another worker relays this destination, or the destination was removed. Nothing was written."""


@dataclass(frozen=True)
class Lease:
    """The right to move a destination's cursor, while no other holder has a higher fence."""

    destination_id: int
    fence: int

    def update(self, conn: psycopg.Connection[Any], assignments: str, values: dict[str, Any] | None = None) -> None:
        """`UPDATE relay_destinations SET {assignments}` of this destination. Raises Fenced when the lease is lost."""
        statement = f"UPDATE relay_destinations SET {assignments} WHERE id = %(destination)s AND fence = %(fence)s"  # noqa: S608 - the caller's constants
        held = {"destination": self.destination_id, "fence": self.fence}
        if conn.execute(statement, {**held, **(values or {})}).rowcount != 1:
            raise Fenced(f"another worker relays destination {self.destination_id}, or it was removed")

    def check(self, conn: psycopg.Connection[Any]) -> None:
        """Raises Fenced when the lease is lost; else no other worker gets it before this transaction ends."""
        self.update(conn, "fence = fence")


@contextmanager
def held(conn: psycopg.Connection[Any], destination_id: int, holder: str) -> Iterator[Lease | None]:
    """The lease; None while another worker has it, after WAIT_SECONDS. `holder` names this session, uniquely.

    A worker that is asked to relay waits for the other one to finish, because that one may have read already. After
    WAIT_SECONDS the other one is in the middle of a longer run, and reads again before it ends.
    """
    values = {"lock": LEASE_LOCK, "destination": destination_id, "holder": holder}
    if not _acquire(conn, values):
        yield None
        return
    try:
        conn.execute(_HOLD, values)
        row = conn.execute(_FENCE, values).fetchone()
        yield None if row is None else Lease(destination_id, row[0])
    finally:
        if not conn.closed and not conn.broken:
            conn.execute(_RELEASE, values)


def _acquire(conn: psycopg.Connection[Any], values: dict[str, Any]) -> bool:
    row = conn.execute(_ACQUIRE, values).fetchone()
    if row is not None and row[0]:
        return True
    try:
        with conn.transaction():
            conn.execute("SELECT set_config('lock_timeout', %s, true)", [f"{WAIT_SECONDS:g}s"])
            conn.execute(_WAIT, values)
    except psycopg.errors.LockNotAvailable:
        return False
    return True
