"""The trial of test_order_per_order.py finds each of the mistakes that look right, so it would find them in the reader."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import psycopg
import pytest

from webapp.outbox.diff import Diff, OutboxEvent

from ..support.order_writers import Handled, count_of, violations
from ..support.reader_trial import InOrder, Reading, Trial
from ..support.world import Service, World

# One trial finds it, as a rule.
MAX_TRIALS = 8
SECONDS = 1.5


class SortedByXid(InOrder):
    """A whole diff at once, by transaction and id."""

    limit = 1_000_000

    def sort(self, conn: psycopg.Connection, events: list[OutboxEvent]) -> list[OutboxEvent]:
        by_xid = "SELECT id FROM order_events WHERE id = ANY (%s) ORDER BY xid, id"
        place = {id: n for n, (id,) in enumerate(conn.execute(by_xid, [[event.id for event in events]]))}
        return sorted(events, key=lambda event: place[event.id])


class WithANewTarget(InOrder):
    """After a crash it continues after the last id, but with a new second snapshot: only (S1, last_id) count as saved."""

    def begin(self, conn: psycopg.Connection) -> Diff | None:
        conn.execute("UPDATE outbox_readers SET target = pg_current_snapshot() WHERE target IS NOT NULL")
        return super().begin(conn)


class FromTheStart(InOrder):
    """After a crash it reads from the first snapshot again: only S1 counts as saved."""

    def begin(self, conn: psycopg.Connection) -> Diff | None:
        conn.execute("UPDATE outbox_readers SET target = NULL, last_id = NULL")
        return super().begin(conn)


class AfterAPosition:
    """Reads the events that come after a saved position, in pages."""

    limit = 7

    def __init__(self, columns: str, condition: str) -> None:
        row = f"ROW({columns})"
        self.statement = f"""
        SELECT {columns}, id, order_id, type, old_values::text, new_values::text FROM order_events
        WHERE {row} > ROW({", ".join("%s" for _ in columns.split(","))}) AND {condition}
        ORDER BY {columns} LIMIT {self.limit}"""
        self.saved = [0 for _ in columns.split(",")]

    def __call__(self, conn: psycopg.Connection, handled: Handled, is_last: bool) -> Iterator[None]:
        while (rows := conn.execute(self.statement, self.saved).fetchall()) or not is_last:
            yield
            for *_, id, order_id, type, old, new in rows:
                handled.handle(id, order_id, count_of(type, old, new))
                yield
            if rows:
                self.saved = list(rows[-1][: len(self.saved)])
                handled.saved()
            yield


def below_the_oldest_open_transaction() -> AfterAPosition:
    xid = "xid::text::bigint"
    return AfterAPosition(f"{xid}, id", "xid < pg_snapshot_xmin(pg_current_snapshot())")


@pytest.mark.parametrize(
    ("reading", "violation"),
    [
        (SortedByXid, "misplaced"),
        (WithANewTarget, "lost"),
        (FromTheStart, "repeated"),
        (below_the_oldest_open_transaction, "misplaced"),
        (lambda: AfterAPosition("id", "true"), "lost"),
    ],
    ids=[
        "sorted by xid",
        "a new S2 after a crash",
        "only S1 saved",
        "xid below xmin, sorted by xid",
        "above the last id",
    ],
)
def test_the_trial_finds_a_wrong_reader(
    service: Service, world: World, reading: Callable[[], Reading], violation: str
) -> None:
    found: list[str] = []
    for number in range(MAX_TRIALS):
        tenant = world.tenant(f"trial-{number}")
        world.conn.execute("TRUNCATE order_events")
        handled = Trial(service, tenant, number).run(reading(), SECONDS)
        found = violations(handled, world.conn, tenant)
        if any(text.startswith(violation) for text in found):
            return
    pytest.fail(f"{MAX_TRIALS} trials found only {found}")
