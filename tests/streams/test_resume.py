"""The replay of missed signals: exact, and with one read of Redis's log for all streams that missed the same."""

from __future__ import annotations

import json
from typing import Any, cast

import pytest
import redis
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from webapp import create_app
from webapp.services import services
from webapp.signals import publisher
from webapp.signals.coalesce import CoalescedSignal
from webapp.signals.signal import Signal
from webapp.signals.signal_log import LogPart
from webapp.streams.generator_stream import GeneratorStream
from webapp.streams.resume import MAX_GAPS, MEMORY_LENGTH, RecentSignals, replay_of

from ..conftest import config_for
from ..support.wait import eventually
from ..support.world import Service, World

MANY = 100


def log_reads(client: redis.Redis) -> int:
    """The number of times that a tenant's log was read for a replay."""
    statistics = cast(Any, client.info("commandstats"))
    return int(statistics.get("cmdstat_xrevrange", {}).get("calls", 0))


def encoded(signal: Signal) -> bytes:
    """As it is in the log and on the channel."""
    users = {str(user): names for user, names in signal.users.items()}
    return json.dumps({"seq": signal.seq, "topics": signal.topics, "users": users, "at": signal.at}).encode()


def test_a_full_memory_of_gaps_drops_only_the_one_that_was_read_first() -> None:
    signals = [Signal(seq, {"day": None}) for seq in range(1, MAX_GAPS + 3)]
    part = LogPart(signals[0].seq, signals[-1].seq, [(signal.seq, encoded(signal)) for signal in signals])
    recent = RecentSignals()
    for seq in range(1, MAX_GAPS + 2):
        recent.learn(part, {seq: replay_of(part, seq)})
    assert recent.since(1) is None, "the log has to be read again"
    assert [seq for seq in range(2, MAX_GAPS + 2) if recent.since(seq) is None] == []


@pytest.mark.usefixtures("heartbeat")
def test_streams_that_missed_the_same_share_one_read_of_the_log(
    service: Service, world: World, redis_client: redis.Redis
) -> None:
    hub = services(create_app(config_for(service, STREAMS_PER_USER="1000"))).hub
    tenant = world.tenant()
    user = world.user(tenant)

    def missed_after(since: int) -> object:
        stream = GeneratorStream(tenant, user)
        hub.open(stream, since, reconnect=True)
        pending = stream.take_pending()
        return pending.signal().topics if pending and not pending.control else pending

    seen = publisher.publish(redis_client, tenant, {"day": None})
    publisher.publish(redis_client, tenant, {"orders": [1]}, {user: ["inbox"]})
    watching = GeneratorStream(tenant, user)
    newest = publisher.publish(redis_client, tenant, {"orders": [2]})
    reads = log_reads(redis_client)
    hub.open(watching, newest)
    for _ in range(MANY):
        assert missed_after(seen) == {"orders": [1, 2], "inbox": None}
    later = publisher.publish(redis_client, tenant, {"revenue": None})
    assert eventually(lambda: watching.pending is not None and watching.pending.seq == later)
    for _ in range(MANY):
        assert missed_after(seen) == {"orders": [1, 2], "inbox": None, "revenue": None}
    # One for the first stream, one for the gap; each signal that was published reads its log once, too.
    assert log_reads(redis_client) - reads == 3
    for _ in range(MANY):
        assert missed_after(seen - 1) is not None, "older than the log: a resync"
    assert log_reads(redis_client) - reads == 3
    hub.close_all(0)


class AnyCourse(RuleBasedStateMachine):
    """Signals are published to a log that is trimmed, and arrive later; pages of any age ask for what they missed."""

    @initialize(earlier=st.integers(0, 30))
    def begin(self, earlier: int) -> None:
        self.published: list[Signal] = []
        self.kept_from = self.arrived = 0
        self.recent = RecentSignals()
        self.publish(earlier)
        self.arrived = len(self.published)  # before the subscription

    @rule(count=st.integers(1, 30))
    def publish(self, count: int) -> None:
        for _ in range(count):
            number = len(self.published)
            self.published.append(Signal(10 * (number + 1), {"orders": [number]}, {number % 3: ["inbox"]}, number))

    @rule(count=st.integers(1, MEMORY_LENGTH + 20))
    def arrive(self, count: int) -> None:
        for signal in self.published[self.arrived : self.arrived + count]:
            assert self.recent.add(signal.seq, encoded(signal))
        self.arrived = min(len(self.published), self.arrived + count)

    @precondition(lambda self: len(self.published) > self.kept_from + 1)
    @rule(count=st.integers(1, 20))
    def trim(self, count: int) -> None:
        self.kept_from = min(self.kept_from + count, len(self.published) - 1)

    @rule(age=st.integers(0, 40), off=st.sampled_from([0, 0, 0, 3, -3]))
    def a_page_comes(self, age: int, off: int) -> None:
        seq = max(0, 10 * (len(self.published) - age)) + off
        found = self.recent.since(seq)
        if found is None:
            part = self.log_after(seq)
            found = replay_of(part, seq)
            self.recent.learn(part, {seq: found})
        newest = 10 * len(self.published)
        if found.missed is None:
            kept = [signal.seq for signal in self.published[self.kept_from :]]
            assert not kept or not kept[0] <= seq <= kept[-1] or seq % 10
            assert seq != 0 or kept
            return
        assert found.seq <= newest
        assert found.seq >= 10 * self.arrived or found.seq >= seq
        expected = CoalescedSignal(signal for signal in self.published if seq < signal.seq <= found.seq)
        assert found.missed == expected.signal()

    def log_after(self, seq: int) -> LogPart:
        kept = self.published[self.kept_from :]
        if not kept:
            return LogPart(0, 0, [])
        entries = [(signal.seq, encoded(signal)) for signal in kept if signal.seq > seq]
        return LogPart(kept[0].seq, kept[-1].seq, entries)


TestAnyCourse = AnyCourse.TestCase
