"""A trial: one fault struck and healed on the stage, and then everything held against the database."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from ..support.wait import eventually
from . import expected, growth, truth
from .report import Report, Row
from .stage import FaultStage

TRUE_WITHIN_SECONDS = 5.0  # of the heal
SETTLES_SECONDS = 1.5  # the standby looks once a second: what it says of a fault belongs to that fault's log
WAITED_FOR_SECONDS = 25.0  # a page that is too late is waited for, so that the report tells how late


class Trial:
    """What a test does with its fault: `heal` once it is over, or `truth` where the board must be right before that."""

    def __init__(self, stage: FaultStage, row: Row) -> None:
        self.stage, self.row = stage, row
        self.struck_at = time.monotonic()
        self.healed_at: float | None = None

    def heal(self) -> None:
        """The cause is gone: from now on the pages have five seconds."""
        self.healed_at = time.monotonic()

    def is_true_within(self, seconds: float, since: str) -> float:
        """Stop the shop, and time how long every page takes to equal the database. The shop goes on afterwards."""
        stage = self.stage
        began = self.struck_at if since == "fault" else self.healed_at
        assert began is not None
        stage.shop.gate.close()
        took = _await_truth(stage, began, max(seconds, WAITED_FOR_SECONDS))
        self.row.seconds, self.row.since = took, since
        assert took <= seconds, f"the pages were right {took:.1f} s after the {since}; allowed are {seconds} s"
        return took


@contextmanager
def trial(stage: FaultStage, report: Report, fault: str, allowed: Iterable[str] = ()) -> Iterator[Trial]:
    """Strike and heal inside; at the end all is verified and written down."""
    row = Row(fault)
    report.rows.append(row)
    sizes = {process: process.log_size for process in stage.all_processes}
    stage.sound = False
    one = Trial(stage, row)
    yield one
    if one.healed_at is not None:
        one.is_true_within(TRUE_WITHIN_SECONDS, "heal")
    _verify(stage)
    stage.wait(SETTLES_SECONDS)
    logs = {process: process.log_since(size) for process, size in sizes.items()}
    for process, log in logs.items():
        strange = expected.unexpected(log.splitlines(), allowed)
        assert not strange, f"{process.args[1:4]} said:\n" + "\n".join(strange[:20]) + f"\n\nits log:\n{log[-4000:]}"
    for viewer in stage.viewers:
        viewer.read_all()
    stage.shop.gate.open()
    row.survived = stage.sound = True


def _await_truth(stage: FaultStage, began: float, seconds: float) -> float:
    """The gate is closed, so the database stands still: ask it once, then look at the pages."""
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
    """Nothing lost, nothing twice, nothing grown, nobody dead, and every page live and never reloaded."""
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
