"""Connections that fall silent: nothing is forwarded, and neither side is told. No heal comes to help."""

from __future__ import annotations

import pytest

from .conftest import Try
from .expected import LEADER_LOST, REDIS_AWAY
from .stage import FaultStage

pytestmark = [pytest.mark.browser, pytest.mark.faults]

TRUE_WITHIN_SECONDS = 12.0


@pytest.mark.parametrize("new_ones_too", [False, True], ids=["new ones work", "new ones hang as well"])
def test_a_silent_connection_of_the_leading_listener_is_noticed(
    stage: FaultStage, strike: Try, new_ones_too: bool
) -> None:
    words = "new ones hang too" if new_ones_too else "new ones work"
    with strike(f"the leader's connection falls silent, {words}", LEADER_LOST) as fault:
        proxy = stage.proxy_of(stage.leader())
        assert proxy.stall(new_ones_too=new_ones_too)
        stage.wait(2)
        fault.is_true_within(TRUE_WITHIN_SECONDS, since="fault")
    proxy.heal()


@pytest.mark.parametrize("new_ones_too", [False, True], ids=["new ones work", "new ones hang as well"])
def test_a_silent_connection_of_the_web_to_redis_is_noticed(stage: FaultStage, strike: Try, new_ones_too: bool) -> None:
    words = "new ones hang 8 s too" if new_ones_too else "new ones work"
    with strike(f"the web's connections to Redis fall silent, {words}", REDIS_AWAY) as fault:
        assert stage.redis_of_the_web.stall(new_ones_too=new_ones_too)
        if new_ones_too:
            stage.wait(8)
            stage.redis_of_the_web.heal()
            fault.heal()
        else:
            stage.wait(2)
            fault.is_true_within(TRUE_WITHIN_SECONDS, since="fault")
    stage.redis_of_the_web.heal()
