"""Writers of a few orders at random, and the check that a reader has handled their events in the order of the commits.

Each change of an order adds one to its total, and the writer holds the order's row lock from then to its commit. So the totals
in an order's events count its commits: 1, 2, 3, … is the order of the commits, and a gap is a lost event.
"""

from __future__ import annotations

import json
import random
import threading
from collections import defaultdict
from collections.abc import Iterable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field

import psycopg
from psycopg import errors

from .isolation import LEVELS
from .world import Service

NUMBERS = [f"N{n}" for n in range(10)]
_UPSERT = """
INSERT INTO orders (tenant_id, number, customer, currency, total_minor)
SELECT %s, number, 'Toms Spezialitäten', 'EUR', 1 FROM unnest(%s::text[]) AS number
ON CONFLICT (tenant_id, number) DO UPDATE SET total_minor = orders.total_minor + 1
"""
_UPDATE = "UPDATE orders SET total_minor = total_minor + 1 WHERE tenant_id = %s AND number = ANY (%s)"
_DELETE = "DELETE FROM orders WHERE tenant_id = %s AND number = ANY (%s)"
# Two writers met. PostgreSQL has rolled one of them back.
_CONFLICTS = (errors.SerializationFailure, errors.DeadlockDetected, errors.LockNotAvailable, errors.UniqueViolation)


class RandomWriter(threading.Thread):
    """Commits and rolls back random changes until `stop`: mixed isolation levels, savepoints, upserts, deletions."""

    def __init__(self, service: Service, tenant_id: int, seed: int, stop: threading.Event) -> None:
        super().__init__()
        self.service, self.tenant_id, self.stopped = service, tenant_id, stop
        self.random = random.Random(seed)
        self.conflicts = 0

    def run(self) -> None:
        with psycopg.connect(self.service.database_url, autocommit=True) as conn:
            conn.execute("SET lock_timeout = '100ms'; SET deadlock_timeout = '20ms'")
            while not self.stopped.is_set():
                conn.isolation_level = self.random.choice(LEVELS)
                try:
                    self._transact(conn)
                except _CONFLICTS:
                    self.conflicts += 1

    def _transact(self, conn: psycopg.Connection) -> None:
        with conn.transaction(force_rollback=self.random.random() < 0.15):
            if self.random.random() < 0.4:
                # An old xid for a late change. It makes the order of xids differ from the order of commits.
                conn.execute("SELECT pg_current_xact_id()")
            for _ in range(self.random.randint(1, 4)):
                with ExitStack() as savepoint:
                    if self.random.random() < 0.3:
                        savepoint.enter_context(conn.transaction(force_rollback=self.random.random() < 0.5))
                    self._change(conn)

    def _change(self, conn: psycopg.Connection) -> None:
        statement = self.random.choices([_UPSERT, _UPDATE, _DELETE], [50, 45, 5])[0]
        conn.execute(statement, [self.tenant_id, self.random.sample(NUMBERS, self.random.randint(1, 2))])


class OpenTransaction:
    """A transaction that is open during the block: it has changed an order of its own, and commits at the end."""

    def __init__(self, service: Service, tenant_id: int) -> None:
        self._conn, self._tenant_id = psycopg.connect(service.database_url), tenant_id

    def __enter__(self) -> None:
        self._conn.execute(_UPSERT, [self._tenant_id, ["open"]])

    def __exit__(self, *_error: object) -> None:
        self._conn.execute(_UPDATE, [self._tenant_id, ["open"]])
        self._conn.commit()
        self._conn.close()


@dataclass
class Handled:
    """The events that a reader has handled, in this order, with its crashes.

    `runs` has a list per start of the reader: the id, the order and the count of each event. `in_flight` has, per crash, the
    ids that were handled after the last saved position.
    """

    runs: list[list[tuple[int, int, float]]] = field(default_factory=lambda: [[]])
    in_flight: list[set[int]] = field(default_factory=list)
    _unsaved: set[int] = field(default_factory=set)

    def handle(self, id: int, order_id: int, count: float) -> None:
        self.runs[-1].append((id, order_id, count))
        self._unsaved.add(id)

    def saved(self) -> None:
        self._unsaved.clear()

    def crashed(self) -> None:
        # They stay in flight through further crashes, until a position is saved.
        self.in_flight.append(set(self._unsaved))
        self.runs.append([])

    @property
    def events(self) -> int:
        return sum(map(len, self.runs))

    @property
    def repeats(self) -> int:
        return self.events - len({id for run in self.runs for id, _, _ in run})


def count_of(type: str, old: str | None, new: str | None) -> float:
    """The place of an event among those of its order: the order's total, and a deletion after it."""
    if type == "deleted":
        assert old is not None
        return float(json.loads(old)["total_minor"]) + 0.5
    assert new is not None
    return float(json.loads(new)["total_minor"])


def violations(handled: Handled, conn: psycopg.Connection, tenant_id: int) -> list[str]:
    """The rules that `handled` breaks, compared with the tenant's events in the database; [] when it is right."""
    seen = {id for run in handled.runs for id, _, _ in run}
    lost = {id for (id,) in conn.execute("SELECT id FROM order_events WHERE tenant_id = %s", [tenant_id])} - seen
    return [*([f"lost {sorted(lost)[:5]}"] if lost else []), *_misplaced(handled.runs), *_repeated(handled)]


def _misplaced(runs: Iterable[list[tuple[int, int, float]]]) -> list[str]:
    """Events that were not handled right after the one before them: 1, 2, 3 per order. A crash goes back, never ahead."""
    found, newest = [], defaultdict[int, float](float)
    for run in runs:
        previous: dict[int, float] = {}
        for id, order, count in run:
            if count <= previous.get(order, 0.0):
                found.append(f"misplaced event {id} of order {order}: {count} after {previous[order]}")
            elif count > newest[order] + 1:
                found.append(f"misplaced event {id} of order {order}: {count} after {newest[order]}")
            previous[order], newest[order] = count, max(newest[order], count)
    return found


def _repeated(handled: Handled) -> list[str]:
    """Events that were handled twice without being in flight at a crash in between."""
    found, before = [], set[int]()
    for number, run in enumerate(handled.runs):
        ids = [id for id, _, _ in run]
        allowed = handled.in_flight[number - 1] if number else set()
        twice = {id for id in ids if id in before and id not in allowed} | (
            {*ids} if len(ids) != len({*ids}) else set()
        )
        found += [f"repeated by run {number}: {sorted(twice)[:5]}"] if twice else []
        before.update(ids)
    return found


def stop_all(threads: Iterable[threading.Thread], stop: threading.Event) -> None:
    stop.set()
    for thread in threads:
        with suppress(RuntimeError):
            thread.join(30)
