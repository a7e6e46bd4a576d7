"""A trial: causes one fault on the stage, heals it, and then compares every page with the database."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from ..support.wait import eventually
from . import expected, growth, truth
from .report import Report, Row
from .stage import FaultStage

# How soon after the heal every page must equal the database.
TRUE_WITHIN_SECONDS = 5.0
# The standby checks once per second, and its log lines about this fault must not count for the next.
SETTLE_SECONDS = 1.5
# A late page is waited for, so that the report has its time.
MAX_WAIT_SECONDS = 25.0


class Trial:
    """The fault of a test: `heal` ends it; `is_true_within` compares the pages before that."""

    def __init__(self, stage: FaultStage, row: Row) -> None:
        self.stage, self.row = stage, row
        self.struck_at = time.monotonic()
        self.healed_at: float | None = None

    def heal(self) -> None:
        """Call once the cause is gone. The pages have TRUE_WITHIN_SECONDS from now on."""
        self.healed_at = time.monotonic()

    def is_true_within(self, seconds: float, since: str) -> float:
        """Stop the writers, and wait until every page equals the database. Returns the seconds since the fault or the heal."""
        stage = self.stage
        began = self.struck_at if since == "fault" else self.healed_at
        assert began is not None
        stage.shop.gate.close()
        took = _await_truth(stage, began, max(seconds, MAX_WAIT_SECONDS))
        self.row.seconds, self.row.since = took, since
        assert took <= seconds, f"the pages were right {took:.1f} s after the {since}; allowed are {seconds} s"
        return took


@contextmanager
def trial(stage: FaultStage, report: Report, fault: str, allowed: Iterable[str] = ()) -> Iterator[Trial]:
    """Cause the fault and heal it inside the block. Afterwards everything is verified and reported."""
    row = Row(fault)
    report.rows.append(row)
    sizes = {process: process.log_size for process in stage.all_processes}
    stage.sound = False
    one = Trial(stage, row)
    yield one
    if one.healed_at is not None:
        one.is_true_within(TRUE_WITHIN_SECONDS, "heal")
    _verify(stage)
    stage.wait(SETTLE_SECONDS)
    logs = {process: process.log_since(size) for process, size in sizes.items()}
    for process, log in logs.items():
        strange = expected.unexpected(log.splitlines(), allowed)
        assert not strange, f"{process.args[1:4]} logged:\n" + "\n".join(strange[:20]) + f"\n\nits log:\n{log[-4000:]}"
    for viewer in stage.viewers:
        viewer.read_all()
    stage.shop.gate.open()
    row.survived = stage.sound = True


def _await_truth(stage: FaultStage, began: float, seconds: float) -> float:
    """The gate is closed, so the database no longer changes: read it once, then poll the pages."""
    with stage.connect() as conn:
        wanted = [truth.board(conn, viewer.tenant_id, viewer.user_id) for viewer in stage.viewers]
    while True:
        shown = [viewer.board() for viewer in stage.viewers]
        took = time.monotonic() - began
        if shown == wanted:
            return took
        if took > seconds:
            words = [viewer.words() for viewer in stage.viewers]
            raise AssertionError(
                f"after {took:.1f} s the pages ({words}) show\n{shown}\nand the database has\n{wanted}"
            )
        stage.wait(0.05)


def _verify(stage: FaultStage) -> None:
    """No event lost or repeated, no process ended or grown, and every page live and never reloaded."""
    with stage.connect() as conn:
        lost = truth.lost_or_invented_events(conn, stage.shop.events())
        assert not lost, f"{len(lost)} orders have other events than their writers committed: {lost[:5]}"
        assert truth.wrong_notifications(conn) == []
    grown = growth.grown(stage.sizes, growth.measure(stage.processes()))
    assert not grown, f"grown: {grown}"
    for viewer in stage.viewers:
        assert eventually(lambda viewer=viewer: viewer.words() == "Live", 10), viewer.words()
        assert viewer.screen.was_not_reloaded()
        assert viewer.crashes() == []
