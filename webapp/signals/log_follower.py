"""The newest signal of each topic, read from Redis's log for every request: a cached panel must be at least as new.

Redis's log (signals/publisher.py) is authoritative for all processes: a signal is in it before any page receives it. One
cheap command reads the entries after the newest one that this process has, for all waiting requests at once. It re-reads that
entry too: if it is gone, Redis was replaced or the log was trimmed, and everything known is dropped.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable, Mapping
from typing import Any, cast

import redis
from cachetools import LRUCache
from redis.backoff import NoBackoff
from redis.retry import Retry

from ..concurrency.batch_loader import BatchLoader
from ..config import redis_url as addresses
from ..events.topics import RESYNC
from ..observability import logs
from ..observability.incidents import Incident
from . import publisher, signal_log
from .signal import Signal

TIMEOUT_SECONDS = 0.5  # then the panel is rendered again
AWAY_SECONDS = 1.0  # between tries while Redis is away
# Signals per read. With more, every panel counts as changed.
MAX_NEW = 100
MAX_TENANTS = 10_000  # per process; some KB each

log = logs.get("panels")


class Log:
    """One tenant's log as read by this process, up to `seq`. All of one object comes from one Redis.

    It only grows. After Redis was away, emptied or replaced there is a new object, and no render made under the old one is
    valid.
    """

    __slots__ = ("_everything", "_topics", "command", "seq")

    def __init__(self, seq: int, command: bytes) -> None:
        self.seq, self.command = seq, command  # packed, for the next read
        self._topics: dict[str, int] = {}
        self._everything = 0  # newest signal for every panel

    def newest(self, topics: Iterable[str]) -> int:
        """The seq of the newest signal of these topics; 0 when there was none since this object was made."""
        known = self._topics
        return max(self._everything, *(known.get(topic, 0) for topic in topics))

    def add(self, seq: int, text: bytes) -> None:
        try:
            topics = Signal.parse(text, seq).topics
        except ValueError:  # another version's: concerns every panel
            topics = {RESYNC: None}
        for topic in topics:
            self._topics[topic] = seq
        if RESYNC in topics:
            self._everything = seq
        self.seq = seq


class SignalLogs:
    """The logs of all tenants with requests in this process. Connects at first use, with its own connection."""

    def __init__(self, redis_url: str) -> None:
        self._pool = addresses.connect(
            redis_url,
            retry=Retry(NoBackoff(), 0),  # a reconnect may reach another Redis
            socket_timeout=TIMEOUT_SECONDS,
            socket_connect_timeout=TIMEOUT_SECONDS,
        ).connection_pool
        self._connection: Any = None
        self._away_until = 0.0
        # In a full cache the tenant without requests for the longest time is dropped.
        self._logs: LRUCache[int, Log] = LRUCache(MAX_TENANTS)
        self._loader: BatchLoader[int, Log] = BatchLoader()
        self._away = Incident("redis", "panels are rendered again for each request")

    def read(self, tenant_id: int) -> Log | None:
        """The log with all signals published before this call; None when unknown (Redis is away, or its log is empty)."""
        return self._loader.load(tenant_id, self._read_all)

    def _read_all(self, tenant_ids: set[int]) -> Mapping[int, Log]:
        if time.monotonic() < self._away_until:
            return {}
        tenants = list(tenant_ids)
        try:
            replies = self._query(tenants)
        except (redis.RedisError, OSError) as error:
            self._away.fault(log, "log", error)
            self._away_until = time.monotonic() + AWAY_SECONDS
            return {}
        self._away.over(log)
        updated = (self._update(tenant_id, *reply) for tenant_id, reply in zip(tenants, replies, strict=True))
        found = zip(tenants, updated, strict=True)
        return {tenant_id: tenant_log for tenant_id, tenant_log in found if tenant_log is not None}

    def _query(self, tenant_ids: list[int]) -> list[tuple[Log | None, Any]]:
        """Per tenant the log as known before, and the reply. A broken connection is replaced once, which drops all logs."""
        if self._connection is not None:
            with contextlib.suppress(redis.RedisError, OSError):
                return self._exchange(tenant_ids)
        self._connection = self._pool.get_connection()
        return self._exchange(tenant_ids)

    def _exchange(self, tenant_ids: list[int]) -> list[tuple[Log | None, Any]]:
        try:
            # A reply continues the log that its command was made of. A full cache may have dropped that log by then.
            known = [(tenant_id, self._logs.get(tenant_id)) for tenant_id in tenant_ids]
            commands = [before.command if before else self._newest(tenant_id) for tenant_id, before in known]
            self._connection.send_packed_command(commands, check_health=False)
            return [(before, self._reply()) for _, before in known]
        except BaseException:  # else the next call gets these replies
            self._drop()
            raise

    def _reply(self) -> Any:
        """The next reply; an empty one for a key of another type, which the next signal replaces."""
        try:
            return self._connection.read_response()
        except redis.ResponseError as error:
            if "WRONGTYPE" not in str(error):
                raise
            return []

    def _drop(self) -> None:
        self._logs.clear()
        connection, self._connection = self._connection, None
        connection.disconnect()
        self._pool.release(connection)

    def _newest(self, tenant_id: int) -> bytes:
        return self._pack("XREVRANGE", publisher.log_key(tenant_id), "+", "-", "COUNT", 1)

    def _since(self, tenant_id: int, seq: int) -> bytes:
        return self._pack("XRANGE", publisher.log_key(tenant_id), f"{seq}-0", "+", "COUNT", MAX_NEW + 1)

    def _pack(self, *arguments: Any) -> bytes:
        return b"".join(self._connection.pack_command(*arguments))

    def _update(self, tenant_id: int, known: Log | None, reply: Any) -> Log | None:
        if known is None:
            return self._start(tenant_id, reply)
        if not reply or signal_log.entry_seq(reply[0][0]) != known.seq or len(reply) > MAX_NEW:
            self._logs.pop(tenant_id, None)  # another log, or too far behind
            return None
        if len(reply) > 1:
            for entry_id, fields in reply[1:]:
                known.add(signal_log.entry_seq(entry_id), cast(bytes, fields[1]))
            known.command = self._since(tenant_id, known.seq)
        return known

    def _start(self, tenant_id: int, reply: Any) -> Log | None:
        if not reply:
            return None  # it may have been emptied
        seq = signal_log.entry_seq(reply[0][0])
        found = self._logs[tenant_id] = Log(seq, self._since(tenant_id, seq))
        return found
