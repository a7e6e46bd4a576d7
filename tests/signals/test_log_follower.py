"""The logs that a process follows: newer than any signal published before, also with more tenants than it keeps."""

from __future__ import annotations

import pytest
import redis

from webapp.signals import log_follower, publisher
from webapp.signals.log_follower import SignalLogs

from ..support.viewers import at_once
from ..support.world import Service


@pytest.fixture
def few(service: Service, monkeypatch: pytest.MonkeyPatch) -> SignalLogs:
    """A process that keeps the logs of two tenants."""
    monkeypatch.setattr(log_follower, "MAX_TENANTS", 2)
    return SignalLogs(service.redis_url)


def test_a_full_process_drops_only_the_tenant_without_requests_for_longest(
    few: SignalLogs, redis_client: redis.Redis
) -> None:
    for tenant_id in (1, 2, 3):
        publisher.publish(redis_client, tenant_id, {"placed": None})
    first, second = few.read(1), few.read(2)
    assert few.read(1) is first, "guard: a log is kept"
    assert few.read(3) is not None
    assert few.read(1) is first
    assert few.read(2) is not second


def test_concurrent_reads_of_more_tenants_than_are_kept_find_the_newest_signals(
    few: SignalLogs, redis_client: redis.Redis
) -> None:
    tenants = range(1, 8)
    for _ in range(15):
        newest = [publisher.publish(redis_client, tenant_id, {"placed": None}) for tenant_id in tenants]
        with at_once([lambda tenant_id=tenant_id: few.read(tenant_id) for tenant_id in tenants]) as answers:
            found = [answer.result() for answer in answers]
        assert [log.seq if log else 0 for log in found] == newest
