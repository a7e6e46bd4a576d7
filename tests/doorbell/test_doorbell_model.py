"""Every order of steps and crashes: Doorbell's protocol loses no change, and each mistake that looks right loses one."""

from __future__ import annotations

import pytest

from ..support.quiet_mode_model import Protocol, explore

LOST = "the leader sleeps, and nobody will ring for a change that it has not read"


@pytest.mark.parametrize(
    ("writers", "crashes", "states"),
    [
        (1, 2, 4_000),
        (2, 0, 70_000),
        pytest.param(2, 1, 280_000, marks=pytest.mark.faults),
        pytest.param(2, 3, 740_000, marks=pytest.mark.faults),
    ],
)
def test_no_order_of_writers_two_listeners_and_crashes_loses_a_change(writers: int, crashes: int, states: int) -> None:
    explored = explore(Protocol(), writers, crashes)
    assert explored.fault is None, "\n".join(map(str, explored.way))
    assert explored.states > states, "the search was exhaustive, not cut short"


@pytest.mark.parametrize(
    "naive",
    [
        pytest.param(Protocol(grace="none"), id="sleeping as soon as the lock is given back"),
        pytest.param(Protocol(grace="one drain"), id="sleeping after one last look"),
        pytest.param(Protocol(older_than="a snapshot's xmax"), id="waiting only for what a snapshot can name"),
        pytest.param(Protocol(quiet_is="a row"), id="keeping quiet in a row, which a snapshot shows as it was"),
        pytest.param(Protocol(write_first=False), id="asking before the transaction has its id"),
        pytest.param(Protocol(first_state="asleep"), id="a new leader that sleeps after its first look"),
        pytest.param(Protocol(first_state="grace"), id="a new leader that waits but never held the lock itself"),
    ],
)
def test_a_change_is_lost_by(naive: Protocol) -> None:
    explored = explore(naive, writers=2, crashes=1)
    assert explored.fault == LOST
    assert explored.way, "it can show the way there"
