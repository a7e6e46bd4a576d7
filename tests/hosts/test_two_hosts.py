"""Doorbell on six hosts: all pages agree, and after any host was cut off, every page shows what it missed."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from ..support.wait import eventually
from .network import Host, why_unavailable
from .stage import HostStage

pytestmark = [pytest.mark.hosts, pytest.mark.timeout(120)]

# From a commit to the figures on every page, without a fault.
SIGNAL_SECONDS = 3.0
# From the loss of the leader to the lead of the standby.
LEAD_SECONDS = 12.0
# From the heal to the truth on every page: TCP retransmits at growing intervals.
HEALED_SECONDS = 20.0


@pytest.fixture(scope="module")
def built() -> Iterator[HostStage]:
    if reason := why_unavailable():
        pytest.skip(f"no hosts were made: {reason}")
    stage = HostStage()
    yield stage
    stage.close()


@pytest.fixture
def stage(built: HostStage) -> HostStage:
    """The stage with all hosts connected, and all pages live and equal."""
    eventually(lambda: built.leader_address() and all(viewer.live for viewer in built.viewers), 30)
    built.sell()
    built.wait_for_truth(10)
    return built


def other(stage: HostStage, host: Host) -> Host:
    (left,) = [each for each in stage.listener_hosts if each is not host]
    return left


def test_viewers_of_both_web_hosts_see_each_change_at_once(stage: HostStage) -> None:
    for _ in range(5):
        stage.sell()
        stage.wait_for_truth(SIGNAL_SECONDS)
    assert all(viewer.received["orders"] and viewer.received["revenue"] for viewer in stage.viewers)


def test_the_standby_leads_after_the_leaders_host_vanishes(stage: HostStage) -> None:
    (leading,) = [host for host in stage.listener_hosts if host.address == stage.leader_address()]
    former = stage.listeners[stage.listener_hosts.index(leading)]
    size = former.log_size
    leading.cut()
    cut = time.monotonic()
    try:
        stage.sell()
        eventually(lambda: stage.leader_address() == other(stage, leading).address, LEAD_SECONDS)
        took = time.monotonic() - cut
        stage.sell()
        stage.wait_for_truth(SIGNAL_SECONDS + 2)
        eventually(lambda: stage.sessions_from(leading) == 0, LEAD_SECONDS - took + 3)
    finally:
        leading.heal()
    eventually(lambda: "standing by" in former.log_since(size), 30)
    assert stage.leader_address() == other(stage, leading).address
    stage.sell()
    stage.wait_for_truth(SIGNAL_SECONDS)
    print(f"the standby led {took:.1f} s after the cut")


def test_postgresql_frees_the_lead_after_both_listener_hosts_vanish(stage: HostStage) -> None:
    before = [viewer.received["away"] for viewer in stage.viewers]
    for host in stage.listener_hosts:
        host.cut()
    try:
        stage.sell()
        eventually(lambda: stage.leader_address() is None, LEAD_SECONDS)
        eventually(lambda: not any(map(stage.sessions_from, stage.listener_hosts)), LEAD_SECONDS)
        eventually(
            lambda: all(viewer.received["away"] > n for viewer, n in zip(stage.viewers, before, strict=True)), 12
        )
    finally:
        for host in stage.listener_hosts:
            host.heal()
    eventually(stage.leader_address, 20)
    stage.wait_for_truth(HEALED_SECONDS)


def test_pages_of_a_disconnected_web_host_catch_up(stage: HostStage) -> None:
    lost, kept = stage.viewers[:2], stage.viewers[2:]
    before = [viewer.received["away"] for viewer in lost]
    stage.webs[0].cut()
    try:
        stage.sell()
        stage.wait_for_truth(SIGNAL_SECONDS, kept)
        eventually(lambda: all(viewer.received["away"] > n for viewer, n in zip(lost, before, strict=True)), 20)
        assert all(viewer.shows != stage.truth() for viewer in lost), "the cut has no effect"
    finally:
        stage.webs[0].heal()
    took = stage.wait_for_truth(HEALED_SECONDS)
    eventually(lambda: all(viewer.live for viewer in lost))
    print(f"equal again {took:.1f} s after the heal")


def test_every_page_catches_up_after_a_cut_of_the_redis_host(stage: HostStage) -> None:
    stage.redis.cut()
    try:
        eventually(lambda: not any(viewer.live for viewer in stage.viewers), 20)
        stage.sell()
    finally:
        stage.redis.heal()
    took = stage.wait_for_truth(HEALED_SECONDS)
    eventually(lambda: all(viewer.live for viewer in stage.viewers), HEALED_SECONDS)
    print(f"equal again {took:.1f} s after the heal")


def test_nothing_is_lost_in_a_five_second_cut_of_the_postgresql_host(stage: HostStage) -> None:
    before = stage.truth()
    stage.postgres.cut()
    ends = time.monotonic() + 5
    try:
        stage.sell()
        eventually(lambda: time.monotonic() > ends, 6)
        assert {viewer.shows for viewer in stage.viewers} == {before}, "the cut has no effect"
    finally:
        stage.postgres.heal()
    took = stage.wait_for_truth(HEALED_SECONDS)
    stage.sell()
    stage.wait_for_truth(HEALED_SECONDS)
    print(f"equal again {took:.1f} s after the heal")
