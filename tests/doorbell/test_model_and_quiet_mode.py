"""The model of quiet mode and QuietMode itself decide the same after every history of drains."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any, cast

import psycopg
import pytest

from webapp.doorbell import quiet_mode
from webapp.doorbell.drain_pace import DrainPace
from webapp.doorbell.quiet_mode import QuietMode

from ..support.quiet_mode_model import Listener, Protocol, State, decide, ways_to_decisions

# The result of a leader's step: its state, and whether it holds the quiet lock.
Outcome = tuple[str, bool]

STATES = {
    quiet_mode.State.WAKING: "waking",
    quiet_mode.State.AWAKE: "awake",
    quiet_mode.State.GRACE: "grace",
    quiet_mode.State.ASLEEP: "asleep",
}


class RecordingConnection:
    """Answers a leader's statements, and records whether it holds the quiet lock. `lock_is_free` is set from outside."""

    def __init__(self) -> None:
        self.lock_is_free = True
        self.holds_lock = False
        self.next_id = 0
        self.took_id = False
        self._answer = ""

    def execute(self, statement: str, _values: object = None) -> RecordingConnection:
        if "pg_try_advisory_lock" in statement:
            self.holds_lock = self.lock_is_free
            self._answer = "t" if self.holds_lock else ""
        elif "pg_advisory_unlock" in statement:
            assert self.holds_lock, "only a lock that is held is given back"
            self.holds_lock = False
        else:
            assert "pg_current_xact_id()" in statement, statement
            assert not self.holds_lock, "an id taken before the lock is given back may be older than a silent writer's"
            self.took_id, self._answer = True, str(self.next_id)
        return self

    def fetchone(self) -> tuple[str]:
        return (self._answer,)


class Leader:
    """One leader of the model, replayed on QuietMode."""

    def __init__(self) -> None:
        self.conn = RecordingConnection()
        self.quiet = QuietMode(cast(psycopg.Connection[Any], self.conn), DrainPace(0.05), clock=lambda: 0.0)
        self.oldest_open = 0  # at the last read

    def decides(self, me: Listener, next_id: int, lock_is_free: bool) -> Outcome:
        self.conn.lock_is_free, self.conn.next_id = lock_is_free, next_id
        self.quiet.drained(len(me.found), f"{self.oldest_open}:{next_id}:")
        return self.outcome

    @property
    def outcome(self) -> Outcome:
        return STATES[self.quiet.state], self.conn.holds_lock


class Replay:
    """A way through the model, with the transaction ids that PostgreSQL would give."""

    def __init__(self) -> None:
        self._ids: dict[int, int] = {}
        self._next_id = 100
        self._leaders: dict[int, Leader] = {}

    def run(self, way: tuple[State, ...]) -> None:
        for before, after in itertools.pairwise(way):
            for n in after.ids[len(before.ids) :]:
                self._ids[n] = self._take_id()
            for n, (was, now) in enumerate(zip(before.listeners, after.listeners, strict=True)):
                if was != now:
                    self._step(n, was, now, after)

    def decides(self, state: State, n: int, lock_is_free: bool) -> Outcome:
        """The leader's next step, from a state in which it decides."""
        leader = self._leaders[n]
        outcome = leader.decides(state.listeners[n], self._next_id, lock_is_free)
        if leader.conn.took_id:
            self._take_id()
            leader.conn.took_id = False
        return outcome

    def _step(self, n: int, was: Listener, now: Listener, after: State) -> None:
        if was.at == "standing by" and now.at == "reading":
            self._leaders[n] = Leader()
        elif was.at == "reading" and now.at != "dying":
            self._leaders[n].oldest_open = min((self._ids[w] for w in now.open_then), default=self._next_id)
        elif was.at == "deciding" and now.at == "waiting":
            outcome = self.decides(after._replace(listeners=(was, was)), n, lock_is_free=after.quiet == n)
            assert outcome == outcome_of(after, n)

    def _take_id(self) -> int:
        self._next_id += 1
        return self._next_id - 1


def outcome_of(state: State, n: int) -> Outcome:
    return state.listeners[n].state, state.quiet == n


def decisions(state: State, n: int) -> Iterator[Outcome]:
    return (outcome_of(after, n) for after in decide(state, n, Protocol()))


@pytest.mark.parametrize(
    ("writers", "crashes", "histories"),
    [(1, 2, 1_500), (2, 0, 17_000), pytest.param(2, 1, 66_000, marks=pytest.mark.faults)],
)
def test_after_every_history_quiet_mode_decides_what_the_model_decides(
    writers: int, crashes: int, histories: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quiet_mode, "SILENCE_SECONDS", 0.0)  # one empty drain, as in the model
    replayed = 0
    for way, n in ways_to_decisions(Protocol(), writers, crashes):
        state = way[-1]
        seen = set()
        for lock_is_free in {False, state.quiet is None}:
            replay = Replay()
            replay.run(way)
            seen.add(replay.decides(state, n, lock_is_free))
        assert seen == set(decisions(state, n)), state
        replayed += 1
    assert replayed > histories, "the search was exhaustive, not cut short"


def test_a_quiet_mode_that_sleeps_at_once_disagrees_with_the_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """The guard of the test above."""
    monkeypatch.setattr(quiet_mode, "SILENCE_SECONDS", 0.0)
    monkeypatch.setattr(
        QuietMode, "_sleep_after_grace", lambda quiet, _snapshot: setattr(quiet, "state", quiet_mode.State.ASLEEP)
    )
    with pytest.raises(AssertionError):
        test_after_every_history_quiet_mode_decides_what_the_model_decides(2, 0, 0, monkeypatch)
