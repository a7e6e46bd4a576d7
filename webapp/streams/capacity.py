"""The limits on open streams, per user, per tenant and per process."""

from __future__ import annotations

import resource
from collections import Counter
from functools import cached_property

# For requests, PostgreSQL, Redis and the log. Without them the process could not even answer "full".
SPARE_DESCRIPTORS = 200


def max_streams(wanted: int) -> int:
    """`wanted`, or fewer where the system's limit of open files is lower, because each stream is an open file."""
    soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return wanted if soft == resource.RLIM_INFINITY else max(1, min(wanted, soft - SPARE_DESCRIPTORS))


class StreamRefused(Exception):
    """The stream may not open; the page gets `frame` only."""

    def __init__(self, frame: bytes) -> None:
        super().__init__()
        self.frame = frame


class Capacity:
    """Counts the open streams of each user and tenant. Not thread-safe: its caller holds a lock."""

    def __init__(self, per_user: int, per_tenant: int, per_process: int) -> None:
        self._per_user, self._per_tenant, self._per_process = per_user, per_tenant, per_process
        self._streams_of_user: Counter[int] = Counter()
        self._streams_of_tenant: Counter[int] = Counter()
        self._total = 0

    @cached_property
    def _max(self) -> int:
        """Read at the first stream: a worker raises its limit of open files after it has loaded the app."""
        return max_streams(self._per_process)

    def reached(self, tenant_id: int, user_id: int) -> str | None:
        """The limit that is reached, `user`, `tenant` or `process`; None when another stream of this user may open."""
        if self._streams_of_user[user_id] >= self._per_user:
            return "user"
        if self._streams_of_tenant[tenant_id] >= self._per_tenant:
            return "tenant"
        return "process" if self._total >= self._max else None

    def add(self, tenant_id: int, user_id: int) -> None:
        self._streams_of_user[user_id] += 1
        self._streams_of_tenant[tenant_id] += 1
        self._total += 1

    def remove(self, tenant_id: int, user_id: int) -> None:
        self._total -= 1
        for counter, key in ((self._streams_of_user, user_id), (self._streams_of_tenant, tenant_id)):
            counter[key] -= 1
            if not counter[key]:
                del counter[key]
