"""Doorbell on six hosts: all pages see the same, and whichever host is cut off, what happened meanwhile is on every page."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from ..support.wait import eventually
from .network import Host, what_is_missing
from .stage import HostStage

pytestmark = [pytest.mark.hosts, pytest.mark.timeout(120)]

TOLD_SECONDS = 3.0  # from a commit to the figures on every page, while nothing is wrong
LEAD_SECONDS = 12.0  # from a leader's vanishing to the standby's lead
HEALED_SECONDS = 20.0  # from the plug's return to the truth on every page: TCP sends again ever more seldom


@pytest.fixture(scope="module")
def built() -> Iterator[HostStage]:
    if missing := what_is_missing():
        pytest.skip(f"no hosts were made: {missing}")
    stage = HostStage()
    yield stage
    stage.close()


@pytest.fixture
def stage(built: HostStage) -> HostStage:
    """All plugs in, all live, all equal: the next cut begins from there."""
    eventually(lambda: built.leader_address() and all(viewer.live for viewer in built.viewers), 30)
    built.sell()
    built.all_show_the_truth(10)
    return built


def other(stage: HostStage, host: Host) -> Host:
    (left,) = [each for each in stage.listener_hosts if each is not host]
    return left


def test_viewers_of_both_web_hosts_see_each_change_at_once(stage: HostStage) -> None:
    for _ in range(5):
        stage.sell()
        stage.all_show_the_truth(TOLD_SECONDS)
    assert all(viewer.told["orders"] and viewer.told["revenue"] for viewer in stage.viewers)


def test_the_leading_listeners_host_vanishes_and_the_other_leads(stage: HostStage) -> None:
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
        stage.all_show_the_truth(TOLD_SECONDS + 2)
        eventually(lambda: stage.sessions_from(leading) == 0, LEAD_SECONDS - took + 3)
    finally:
        leading.heal()
    eventually(lambda: "standing by" in former.log_since(size), 30)
    assert stage.leader_address() == other(stage, leading).address
    stage.sell()
    stage.all_show_the_truth(TOLD_SECONDS)
    print(f"the standby led {took:.1f} s after the cut")


def test_both_listener_hosts_vanish_and_postgresql_frees_the_lead_by_itself(stage: HostStage) -> None:
    before = [viewer.told["away"] for viewer in stage.viewers]
    for host in stage.listener_hosts:
        host.cut()
    try:
        stage.sell()
        eventually(lambda: stage.leader_address() is None, LEAD_SECONDS)
        eventually(lambda: not any(map(stage.sessions_from, stage.listener_hosts)), LEAD_SECONDS)
        eventually(lambda: all(viewer.told["away"] > n for viewer, n in zip(stage.viewers, before, strict=True)), 12)
    finally:
        for host in stage.listener_hosts:
            host.heal()
    eventually(stage.leader_address, 20)
    stage.all_show_the_truth(HEALED_SECONDS)


def test_a_web_hosts_pages_that_were_cut_off_equal_the_others_again(stage: HostStage) -> None:
    lost, kept = stage.viewers[:2], stage.viewers[2:]
    before = [viewer.told["away"] for viewer in lost]
    stage.webs[0].cut()
    try:
        stage.sell()
        stage.all_show_the_truth(TOLD_SECONDS, kept)
        eventually(lambda: all(viewer.told["away"] > n for viewer, n in zip(lost, before, strict=True)), 20)
        assert all(viewer.shows != stage.truth() for viewer in lost), "the cut does not cut"
    finally:
        stage.webs[0].heal()
    took = stage.all_show_the_truth(HEALED_SECONDS)
    eventually(lambda: all(viewer.live for viewer in lost))
    print(f"equal again {took:.1f} s after the heal")


def test_redis_host_is_cut_off_and_every_page_heals(stage: HostStage) -> None:
    stage.redis.cut()
    try:
        eventually(lambda: not any(viewer.live for viewer in stage.viewers), 20)
        stage.sell()
    finally:
        stage.redis.heal()
    took = stage.all_show_the_truth(HEALED_SECONDS)
    eventually(lambda: all(viewer.live for viewer in stage.viewers), HEALED_SECONDS)
    print(f"equal again {took:.1f} s after the heal")


def test_postgresqls_host_is_cut_off_for_five_seconds_and_nothing_is_lost(stage: HostStage) -> None:
    before = stage.truth()
    stage.postgres.cut()
    ends = time.monotonic() + 5
    try:
        stage.sell()
        eventually(lambda: time.monotonic() > ends, 6)
        assert {viewer.shows for viewer in stage.viewers} == {before}, "the cut does not cut"
    finally:
        stage.postgres.heal()
    took = stage.all_show_the_truth(HEALED_SECONDS)
    stage.sell()
    stage.all_show_the_truth(HEALED_SECONDS)
    print(f"equal again {took:.1f} s after the heal")
