"""When signals are sent to a crowd, with a clock that the test gives."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from webapp.signals.signal import Signal
from webapp.streams.fan_out import FanOut, FanOutScheduler

CROWD = 51


def pause(took_seconds: float, streams: int) -> float:
    return max(0.1, 2 * took_seconds) if streams == CROWD else 0.0


def signal(seq: int) -> Signal:
    return Signal(seq, {"orders": [seq]})


def taken(scheduler: FanOutScheduler, now: float) -> FanOut:
    found = scheduler.take(now)
    assert found is not None
    return found


@pytest.fixture
def scheduler() -> FanOutScheduler:
    return FanOutScheduler(pause)


def test_the_first_signal_is_due_at_once(scheduler: FanOutScheduler) -> None:
    assert scheduler.due(7.0) is None
    assert scheduler.offer(signal(1))
    assert scheduler.due(7.0) == 0.0
    assert taken(scheduler, 7.0).signal == signal(1)
    assert scheduler.due(7.0) is None


def test_signals_within_the_pause_wait_for_its_end_and_become_one(scheduler: FanOutScheduler) -> None:
    scheduler.offer(signal(1))
    taken(scheduler, 7.0)
    scheduler.finish(7.01, took_seconds=0.01, streams=CROWD)
    assert scheduler.offer(signal(2)), "no loop waits"
    assert not scheduler.offer(signal(3)), "the loop of the signal before waits"
    assert scheduler.due(7.05) == pytest.approx(0.06)
    assert scheduler.take(7.05) is None
    both = taken(scheduler, 7.12)
    assert (both.signal.topics, both.signal.seq, both.count) == ({"orders": [2, 3]}, 3, 2)


def test_the_first_signal_after_the_pause_is_due_at_once(scheduler: FanOutScheduler) -> None:
    scheduler.offer(signal(1))
    taken(scheduler, 7.0)
    scheduler.finish(7.0, took_seconds=0.0, streams=CROWD)
    scheduler.offer(signal(2))
    assert scheduler.due(7.1) == 0.0


def test_a_long_fan_out_makes_a_longer_pause(scheduler: FanOutScheduler) -> None:
    scheduler.offer(signal(1))
    taken(scheduler, 7.0)
    scheduler.finish(7.3, took_seconds=0.3, streams=CROWD)
    scheduler.offer(signal(2))
    assert scheduler.due(7.3) == pytest.approx(0.6)


def test_few_streams_have_no_pause(scheduler: FanOutScheduler) -> None:
    scheduler.offer(signal(1))
    taken(scheduler, 7.0)
    scheduler.finish(7.3, took_seconds=0.3, streams=50)
    scheduler.offer(signal(2))
    assert scheduler.due(7.3) == 0.0


def test_a_signal_that_arrives_during_a_fan_out_is_sent_by_the_same_loop(scheduler: FanOutScheduler) -> None:
    scheduler.offer(signal(1))
    taken(scheduler, 7.0)
    assert not scheduler.offer(signal(2))
    assert scheduler.due(9.0) is None
    assert scheduler.take(9.0) is None
    scheduler.finish(9.0, took_seconds=0.0, streams=1)
    assert taken(scheduler, 9.0).signal == signal(2)


def test_a_discard_drops_what_waits_and_stops_what_runs(scheduler: FanOutScheduler) -> None:
    scheduler.offer(signal(1))
    running = taken(scheduler, 7.0)
    scheduler.offer(signal(2))
    assert scheduler.unsent() == [signal(1), signal(2)]
    scheduler.discard()
    assert running.discarded
    assert scheduler.unsent() == []
    assert not scheduler.offer(signal(3)), "the loop of the discarded one still runs"
    assert scheduler.take(9.0) is None
    scheduler.finish(9.0, took_seconds=0.0, streams=CROWD)
    assert scheduler.due(9.0) == pytest.approx(0.1)
    assert taken(scheduler, 9.1).signal == signal(3)


def test_a_loop_that_waited_for_discarded_signals_ends(scheduler: FanOutScheduler) -> None:
    scheduler.offer(signal(1))
    taken(scheduler, 7.0)
    scheduler.finish(7.0, took_seconds=0.0, streams=CROWD)
    scheduler.offer(signal(2))
    scheduler.discard()
    assert scheduler.due(7.1) is None
    assert scheduler.offer(signal(3)), "a new loop is needed"


class AnyCourse(RuleBasedStateMachine):
    """Any course of signals, fan-outs, discards and time. `loops` are the callers that run `due` and `take`."""

    @initialize()
    def begin(self) -> None:
        self.scheduler, self.now, self.seq = FanOutScheduler(pause), 0.0, 0
        self.loops, self.running = 0, None  # type: tuple[int, FanOut | None]
        self.expected: list[int] = []  # offered, and neither taken nor discarded
        self.newest_sent = 0
        self.next_start = float("-inf")

    @rule()
    def offer(self) -> None:
        self.seq += 1
        self.loops += self.scheduler.offer(signal(self.seq))
        self.expected.append(self.seq)

    @rule(seconds=st.floats(0.001, 0.3))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @precondition(lambda self: self.loops > (self.running is not None))
    @rule()
    def an_idle_loop_continues(self) -> None:
        if self.scheduler.due(self.now) is None:
            self.loops -= 1
        elif (fan_out := self.scheduler.take(self.now)) is not None:
            assert self.running is None, "one fan-out at a time"
            assert self.now >= self.next_start - 1e-9
            assert fan_out.signal.topics["orders"] == (self.expected if len(self.expected) <= 50 else None)
            assert fan_out.signal.seq > self.newest_sent, "never an older one after a newer one"
            self.newest_sent = fan_out.signal.seq
            self.running, self.expected = fan_out, []

    @precondition(lambda self: self.running is not None)
    @rule(took=st.floats(0.0, 0.2), streams=st.sampled_from([1, CROWD]))
    def finish(self, took: float, streams: int) -> None:
        self.now += took
        self.scheduler.finish(self.now, took, streams)
        self.running = None
        self.next_start = self.now + pause(took, streams)

    @rule()
    def discard(self) -> None:
        self.scheduler.discard()
        self.expected = []

    @invariant()
    def signals_that_wait_have_a_loop(self) -> None:
        if self.expected:
            assert self.loops > 0

    @invariant()
    def an_idle_scheduler_has_nothing_unsent(self) -> None:
        running = self.running is not None and not self.running.discarded
        assert len(self.scheduler.unsent()) == running + bool(self.expected)


TestAnyCourse = AnyCourse.TestCase
