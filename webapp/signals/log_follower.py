"""How new a panel must be: the newest signal of each topic, asked of Redis's log for every request.

Redis's log (signals/publisher.py) is authoritative for all processes: a signal is in it before any page receives it. One
cheap command reads what came after the newest entry that this process knows, for all waiting requests at once. It reads that
entry as well: if it is gone, Redis was replaced or the log was trimmed, and everything known is dropped.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable, Mapping
from typing import Any, cast

import redis
from flask import Flask, current_app
from redis.backoff import NoBackoff
from redis.retry import Retry

from ..concurrency.batch_loader import BatchLoader
from ..config import redis_url as addresses
from ..events.topics import RESYNC
from ..observability import logs
from ..observability.incidents import Incident
from . import publisher, signal_log
from .signal import Signal

TIMEOUT_SECONDS = 0.5  # a Redis that is slower than this is not waited for: the panel is read anew
AWAY_SECONDS = 1.0  # between two tries while Redis is away
MAX_NEWS = 100  # signals read at once; after more of them than this all is taken for new
MAX_TENANTS = 10_000  # followed by a process; some KB each

log = logs.get("panels")


class Log:
    """One tenant's log as this process knows it, up to `seq`. What is made while this object stands is of one Redis.

    It only ever grows. When Redis was away, emptied or is another one there is a new object, and nothing that was made
    under the old one counts.
    """

    __slots__ = ("_everything", "_topics", "command", "seq")

    def __init__(self, seq: int, command: bytes) -> None:
        self.seq, self.command = seq, command  # the command that reads on from here, packed
        self._topics: dict[str, int] = {}
        self._everything = 0  # the newest signal that concerns every panel

    def newest(self, topics: Iterable[str]) -> int:
        """The seq of the newest signal of these topics; 0 when there was none since this log is followed."""
        known = self._topics
        return max(self._everything, *(known.get(topic, 0) for topic in topics))

    def add(self, seq: int, text: bytes) -> None:
        try:
            topics = Signal.parse(text, seq).topics
        except ValueError:  # another version's, amid a deploy: it may concern anybody
            topics = {RESYNC: None}
        for topic in topics:
            self._topics[topic] = seq
        if RESYNC in topics:
            self._everything = seq
        self.seq = seq


class SignalLogs:
    """The logs of all tenants that are asked for here. Connects at first use, by a connection of its own."""

    def __init__(self, redis_url: str) -> None:
        self._pool = addresses.connect(
            redis_url,
            retry=Retry(NoBackoff(), 0),  # a connection made anew in silence may lead to another Redis
            socket_timeout=TIMEOUT_SECONDS,
            socket_connect_timeout=TIMEOUT_SECONDS,
        ).connection_pool
        self._connection: Any = None
        self._away_until = 0.0
        self._logs: dict[int, Log] = {}
        self._together: BatchLoader[int, Log] = BatchLoader()
        self._away = Incident("redis", "panels are read anew for each request")

    def look(self, tenant_id: int) -> Log | None:
        """All that was signalled before this call is in it. None: not known (Redis is away, or its log is empty)."""
        return self._together.load(tenant_id, self._read)

    def _read(self, tenant_ids: set[int]) -> Mapping[int, Log]:
        if time.monotonic() < self._away_until:
            return {}
        if len(self._logs) > MAX_TENANTS:
            self._logs.clear()
        asked = list(tenant_ids)
        try:
            replies = self._ask(asked)
        except (redis.RedisError, OSError) as error:
            self._away.fault(log, "log", error)
            self._away_until = time.monotonic() + AWAY_SECONDS
            return {}
        self._away.over(log)
        found = ((tenant_id, self._learn(tenant_id, reply)) for tenant_id, reply in zip(asked, replies, strict=True))
        return {tenant_id: known for tenant_id, known in found if known is not None}

    def _ask(self, tenant_ids: list[int]) -> list[Any]:
        """One reply a tenant. A connection that broke is made anew once, and with it all that is known."""
        if self._connection is not None:
            with contextlib.suppress(redis.RedisError, OSError):
                return self._exchange(tenant_ids)
        self._connection = self._pool.get_connection()
        return self._exchange(tenant_ids)

    def _exchange(self, tenant_ids: list[int]) -> list[Any]:
        try:
            commands = [self._command(tenant_id) for tenant_id in tenant_ids]
            self._connection.send_packed_command(commands, check_health=False)
            return [self._reply() for _ in tenant_ids]
        except BaseException:  # cut short between question and answer as well: the next would read the wrong one
            self._drop()
            raise

    def _reply(self) -> Any:
        """The next one; an empty one of a key of another type, which is its tenant's trouble until the next signal."""
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

    def _command(self, tenant_id: int) -> bytes:
        known = self._logs.get(tenant_id)
        return known.command if known else self._pack("XREVRANGE", publisher.log_key(tenant_id), "+", "-", "COUNT", 1)

    def _since(self, tenant_id: int, seq: int) -> bytes:
        return self._pack("XRANGE", publisher.log_key(tenant_id), f"{seq}-0", "+", "COUNT", MAX_NEWS + 1)

    def _pack(self, *words: Any) -> bytes:
        return b"".join(self._connection.pack_command(*words))

    def _learn(self, tenant_id: int, reply: Any) -> Log | None:
        known = self._logs.get(tenant_id)
        if known is None:
            return self._begin(tenant_id, reply)
        if not reply or signal_log.entry_seq(reply[0][0]) != known.seq or len(reply) > MAX_NEWS:
            del self._logs[tenant_id]  # another log, or too far behind in this one: begin at its end next time
            return None
        if len(reply) > 1:
            for entry_id, fields in reply[1:]:
                known.add(signal_log.entry_seq(entry_id), cast(bytes, fields[1]))
            known.command = self._since(tenant_id, known.seq)
        return known

    def _begin(self, tenant_id: int, reply: Any) -> Log | None:
        if not reply:
            return None  # an empty log cannot be told from one that was emptied
        seq = signal_log.entry_seq(reply[0][0])
        self._logs[tenant_id] = Log(seq, self._since(tenant_id, seq))
        return self._logs[tenant_id]


def init_app(app: Flask, redis_url: str) -> None:
    app.extensions["doorbell_signal_logs"] = SignalLogs(redis_url)


def signal_logs() -> SignalLogs:
    """The running app's."""
    return cast(SignalLogs, current_app.extensions["doorbell_signal_logs"])
