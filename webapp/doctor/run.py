"""Runs all checks in order. Each has its own error handling and deadline, so a broken part does not hide another."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import psycopg
import redis

from . import (
    admins,
    attached,
    audit_log,
    bell,
    clock,
    cursor,
    event_ids,
    event_writers,
    functions,
    listener,
    notify_queue,
    orders,
    own_role,
    partitions,
    postgresql,
    privacy,
    redis_server,
    refunds,
    relay,
    rights,
    schema,
    sign_in,
    tenancy,
    transactions,
    triggers,
    uploads,
    zones,
)
from .finding import WARN, Finding, combined, fault
from .system import System

# Per check. A frozen server would not enforce its own timeouts.
DEADLINE_SECONDS = 12.0

Function = Callable[[System], Iterable[Finding]]


@dataclass(frozen=True)
class Check:
    """A check by `function`, which is skipped when a service that it `needs` is away."""

    name: str
    function: Function
    needs: tuple[str, ...] = ()


CHECKS = (
    Check("postgresql", postgresql.check),
    Check("redis", redis_server.check),
    Check("schema", schema.check, ("postgresql",)),
    Check("triggers", triggers.check, ("postgresql",)),
    Check("functions", functions.check, ("postgresql",)),
    Check("rights", rights.check, ("postgresql",)),
    Check("role", own_role.check, ("postgresql",)),
    Check("tenancy", tenancy.check, ("postgresql",)),
    Check("ids", event_ids.check, ("postgresql",)),
    Check("writers", event_writers.check, ("postgresql",)),
    Check("bell", bell.check, ("postgresql",)),
    Check("listener", listener.check, ("postgresql",)),
    Check("cursor", cursor.check_listener, ("postgresql",)),
    Check("rollups", cursor.check_rollups, ("postgresql",)),
    Check("queue", notify_queue.check, ("postgresql",)),
    Check("clock", clock.check),
    Check("zones", zones.check, ("postgresql",)),
    Check("partitions", partitions.check, ("postgresql",)),
    Check("transactions", transactions.check, ("postgresql",)),
    Check("refunds", refunds.check, ("postgresql",)),
    Check("orders", orders.check, ("postgresql",)),
    Check("relay", relay.check, ("postgresql",)),
    Check("imports", uploads.check, ("postgresql",)),
    Check("attached", attached.check, ("postgresql",)),
    Check("audit-log", audit_log.check, ("postgresql",)),
    Check("privacy", privacy.check, ("postgresql",)),
    Check("admins", admins.check, ("postgresql",)),
    Check("sign-in", sign_in.check, ("postgresql", "redis")),
)


def run(system: System) -> Iterator[tuple[str, Finding]]:
    """Yields the name and the finding of each check, as soon as it is done."""
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
                "A server or the network is frozen: see its log, its load, and the firewalls in between.",
            )
        elif found.away:
            system.away[check.name] = found.away
        yield check.name, found


def _within(seconds: float, check: Check, system: System) -> Finding | None:
    """The finding, or None when the check takes longer. Its thread then ends with the process at the latest."""
    result: queue.SimpleQueue[Finding] = queue.SimpleQueue()
    threading.Thread(target=lambda: result.put(_run(check, system)), daemon=True).start()
    try:
        return result.get(timeout=seconds)
    except queue.Empty:
        return None


def _run(check: Check, system: System) -> Finding:
    try:
        return combined(check.function(system))
    except Exception as error:
        # Any fault of one check must not hide the others.
        text = str(error).strip().partition("\n")[0]
        return fault(f"cannot be checked: {type(error).__name__}: {text}", _advice(error))


def _advice(error: Exception) -> str:
    if isinstance(
        error, psycopg.errors.UndefinedTable | psycopg.errors.UndefinedFunction | psycopg.errors.UndefinedColumn
    ):
        return "It is part of the schema: see the line “schema”, then run flask db upgrade or restore a backup."
    if isinstance(error, psycopg.errors.InsufficientPrivilege | redis.exceptions.NoPermissionError):
        return "Grant Doorbell's user the named right."
    if isinstance(error, psycopg.errors.QueryCanceled | psycopg.errors.LockNotAvailable):
        return (
            "PostgreSQL was blocked by a lock or by its load: see the line “transactions”, then run flask doctor again."
        )
    return "Run flask doctor again; if the fault stays, see the servers' logs."
