"""Stalled connections: nothing is forwarded, and neither side gets an error. Most are never healed."""

from __future__ import annotations

import pytest

from .conftest import Try
from .expected import LEADER_LOST, REDIS_AWAY
from .stage import FaultStage

pytestmark = [pytest.mark.browser, pytest.mark.faults]

TRUE_WITHIN_SECONDS = 12.0


@pytest.mark.parametrize(
    "new_connections_too", [False, True], ids=["new connections work", "new connections stall too"]
)
def test_a_stalled_connection_of_the_leader_is_survived(
    stage: FaultStage, strike: Try, new_connections_too: bool
) -> None:
    label = "new ones stall too" if new_connections_too else "new ones work"
    with strike(f"the leader's connection stalls, {label}", LEADER_LOST) as fault:
        proxy = stage.proxy_of(stage.leader())
        assert proxy.stall(new_ones_too=new_connections_too)
        stage.wait(2)
        fault.is_true_within(TRUE_WITHIN_SECONDS, since="fault")
    proxy.heal()


@pytest.mark.parametrize(
    "new_connections_too", [False, True], ids=["new connections work", "new connections stall too"]
)
def test_a_stalled_connection_of_the_web_to_redis_is_survived(
    stage: FaultStage, strike: Try, new_connections_too: bool
) -> None:
    label = "new ones stall for 8 s too" if new_connections_too else "new ones work"
    with strike(f"the web's connections to Redis stall, {label}", REDIS_AWAY) as fault:
        assert stage.redis_of_the_web.stall(new_ones_too=new_connections_too)
        if new_connections_too:
            stage.wait(8)
            stage.redis_of_the_web.heal()
            fault.heal()
        else:
            stage.wait(2)
            fault.is_true_within(TRUE_WITHIN_SECONDS, since="fault")
    stage.redis_of_the_web.heal()
