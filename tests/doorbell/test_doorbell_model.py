"""The model of quiet mode: the protocol loses no change in any order of steps, and each plausible mistake loses one."""

from __future__ import annotations

import pytest

from ..support.quiet_mode_model import Protocol, explore

LOST = "the leader is asleep, and no ring will come for a change that it has not read"


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
    assert explored.fault is None, "\n".join(map(str, explored.path))
    assert explored.states > states, "the search was exhaustive, not cut short"


@pytest.mark.parametrize(
    "mistake",
    [
        pytest.param(Protocol(grace="none"), id="sleeping as soon as the lock is given back"),
        pytest.param(Protocol(grace="one drain"), id="sleeping after one more drain"),
        pytest.param(
            Protocol(older_than="a snapshot's xmax"), id="waiting only for the transactions that a snapshot lists"
        ),
        pytest.param(Protocol(quiet_is="a row"), id="a row instead of a lock, which a snapshot shows as it was"),
        pytest.param(Protocol(write_first=False), id="trying the lock before the transaction has its id"),
        pytest.param(Protocol(first_state="asleep"), id="a new leader that sleeps after its first drain"),
        pytest.param(Protocol(first_state="grace"), id="a new leader in grace that never held the lock itself"),
    ],
)
def test_a_mistake_loses_a_change(mistake: Protocol) -> None:
    explored = explore(mistake, writers=2, crashes=1)
    assert explored.fault == LOST
    assert explored.path, "the shortest path to the fault is known"
