"""All checks, one after another. Each has its own try and its own deadline, so a broken part hides no other."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import psycopg
import redis

from . import (
    bell,
    clock,
    cursor,
    event_ids,
    event_writers,
    functions,
    listener,
    notify_queue,
    own_role,
    partitions,
    postgresql,
    redis_server,
    refunds,
    rights,
    schema,
    sign_in,
    transactions,
    triggers,
    zones,
)
from .finding import WARN, Finding, fault, together
from .system import System

# The client's own deadline: a server that is frozen keeps no time-out of its own.
DEADLINE_SECONDS = 12.0

Look = Callable[[System], Iterable[Finding]]


@dataclass(frozen=True)
class Check:
    """A link of the chain: `look` finds, and is left out when a service that it `needs` is away."""

    name: str
    look: Look
    needs: tuple[str, ...] = ()


CHECKS = (
    Check("postgresql", postgresql.look),
    Check("redis", redis_server.look),
    Check("schema", schema.look, ("postgresql",)),
    Check("triggers", triggers.look, ("postgresql",)),
    Check("functions", functions.look, ("postgresql",)),
    Check("rights", rights.look, ("postgresql",)),
    Check("role", own_role.look, ("postgresql",)),
    Check("ids", event_ids.look, ("postgresql",)),
    Check("writers", event_writers.look, ("postgresql",)),
    Check("bell", bell.look, ("postgresql",)),
    Check("listener", listener.look, ("postgresql",)),
    Check("cursor", cursor.look_at_the_listeners, ("postgresql",)),
    Check("rollups", cursor.look_at_the_rollups, ("postgresql",)),
    Check("queue", notify_queue.look, ("postgresql",)),
    Check("clock", clock.look),
    Check("zones", zones.look, ("postgresql",)),
    Check("partitions", partitions.look, ("postgresql",)),
    Check("transactions", transactions.look, ("postgresql",)),
    Check("refunds", refunds.look, ("postgresql",)),
    Check("sign-in", sign_in.look, ("postgresql", "redis")),
)


def examine(system: System) -> Iterator[tuple[str, Finding]]:
    """Each check's name with what it found, as soon as it is known."""
    for check in CHECKS:
        missing = [system.away[name] for name in check.needs if name in system.away]
        if missing:
            yield check.name, Finding(WARN, f"not checked: {missing[0]}")
            continue
        found = _within(DEADLINE_SECONDS, check, system)
        if found is None:
            for name in check.needs or (check.name,):
                system.away[name] = f"{name} stopped answering at {check.name}"
            found = fault(
                f"no answer within {DEADLINE_SECONDS:.0f} s",
                "A server or the way to it is frozen: see its log, its load, and the firewalls between.",
            )
        elif found.away:
            system.away[check.name] = found.away
        yield check.name, found


def _within(seconds: float, check: Check, system: System) -> Finding | None:
    """None when it takes longer; its thread is left behind, and ends with the process at the latest."""
    answer: queue.SimpleQueue[Finding] = queue.SimpleQueue()
    threading.Thread(target=lambda: answer.put(_look(check, system)), daemon=True).start()
    try:
        return answer.get(timeout=seconds)
    except queue.Empty:
        return None


def _look(check: Check, system: System) -> Finding:
    try:
        return together(check.look(system))
    except Exception as error:  # whatever it is, it must not hide the other checks
        text = str(error).strip().partition("\n")[0]
        return fault(f"cannot be checked: {type(error).__name__}: {text}", _advice(error))


def _advice(error: Exception) -> str:
    if isinstance(
        error, psycopg.errors.UndefinedTable | psycopg.errors.UndefinedFunction | psycopg.errors.UndefinedColumn
    ):
        return "It belongs to the schema: see the line “schema”, then flask db upgrade or a restore."
    if isinstance(error, psycopg.errors.InsufficientPrivilege | redis.exceptions.NoPermissionError):
        return "Give Doorbell's user the right that is named."
    if isinstance(error, psycopg.errors.QueryCanceled | psycopg.errors.LockNotAvailable):
        return "A lock or the load of PostgreSQL held it up: see the line “transactions”, then run this again."
    return "Run this again; if it stays, the servers' logs say more."
