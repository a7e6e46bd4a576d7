"""Signals: what goes through Redis. A signal says which topics of a tenant changed, never to what.

Channel `live:<tenant>` carries `{"seq", "topics": {"orders": [ids] | null, …}, "users": {"7": ["inbox"]}, "at"}`; the
stream `live:<tenant>:log` keeps about the last 1,000 under the id `<seq>-0`, so that a reconnect is answered from Redis.
`seq` is epoch milliseconds, and one more where that would not rise.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import redis
from flask import Flask, current_app

from . import logs, redis_url
from .events import INBOX
from .incidents import Incident

IDS_PER_SIGNAL = 50  # more changed orders than this are "many" (null): the page refetches the list, not each row
HEARTBEAT_KEY = "doorbell:listener"  # the leader's; expires when it is gone
LOG_LENGTH = 1000  # signals a tenant; at ten a second a page may be away for 100 s and still resume exactly
TIMEOUT_SECONDS = 5.0

log = logs.get("signals")
_unsent = Incident("redis", "inbox signals are not sent")

# The log and the channel move in one step, and two publishers (the leading listener, Celery, a web process that marks a
# notification read) cannot take one seq: the script takes the clock that it is given, or one more than the newest.
_PUBLISH = """
local newest = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)
local seq = tonumber(ARGV[1])
if newest[1] then
    local last = tonumber(string.match(newest[1][1], '^%d+'))
    if last >= seq then seq = last + 1 end
end
local id = string.format('%.0f', seq)
redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[3], id .. '-0', 'signal', ARGV[2])
redis.call('PUBLISH', KEYS[2], '{"seq":' .. id .. ',' .. string.sub(ARGV[2], 2))
return id
"""
_PUBLISH_SHA = hashlib.sha1(_PUBLISH.encode()).hexdigest()  # noqa: S324 - Redis's name for the script


@dataclass(frozen=True)
class Signal:
    """What changed for one tenant. `topics` maps a topic to order ids, or to None for "many" or "no ids"."""

    seq: int
    topics: Mapping[str, Sequence[int] | None]
    users: Mapping[int, Sequence[str]] = field(default_factory=dict)
    at: int = 0  # epoch ms at which the newest change in it was recorded

    @classmethod
    def parse(cls, text: str | bytes, seq: int | None = None) -> Signal:
        """Raises ValueError for what is no signal."""
        data = json.loads(text)
        try:
            users = {int(user): topics for user, topics in data["users"].items()}
            return cls(data["seq"] if seq is None else seq, dict(data["topics"]), users, data["at"])
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"this is no signal: {text!r:.200}") from error


def channel(tenant_id: int) -> str:
    return f"live:{tenant_id}"


def log_key(tenant_id: int) -> str:
    return f"live:{tenant_id}:log"


def connect(url: str, **options: Any) -> redis.Redis:
    """A client whose every command answers or fails within TIMEOUT_SECONDS. Connects at first use."""
    limits = {"socket_timeout": TIMEOUT_SECONDS, "socket_connect_timeout": TIMEOUT_SECONDS}
    return redis_url.connect(url, **limits, **options)


def publish(
    client: redis.Redis,
    tenant_id: int,
    topics: Mapping[str, Sequence[int] | None],
    users: Mapping[int, Sequence[str]] | None = None,
    *,
    now_ms: int | None = None,
    at_ms: int | None = None,
) -> int:
    """Log and publish one signal; returns its seq. Raises redis.RedisError when it may not have gone out.

    `now_ms` is the clock that seq is taken from (the leader gives the database's), `at_ms` when the change was recorded.
    """
    now_ms = int(time.time() * 1000) if now_ms is None else now_ms
    users_json = {str(user): list(names) for user, names in (users or {}).items()}
    content = {"topics": topics, "users": users_json, "at": now_ms if at_ms is None else at_ms}
    body = json.dumps(content, separators=(",", ":"))
    keys = (log_key(tenant_id), channel(tenant_id))
    values = (str(now_ms), body, str(LOG_LENGTH))
    try:
        return _run(client, keys, values)
    except redis.ResponseError as error:
        if "WRONGTYPE" not in str(error):
            raise
        client.delete(keys[0])  # not ours: its tenant's pages resync, and nobody else waits for it
        return _run(client, keys, values)


def _run(client: redis.Redis, keys: tuple[str, str], values: tuple[str, str, str]) -> int:
    try:
        return int(cast(Any, client.evalsha(_PUBLISH_SHA, 2, *keys, *values)))
    except redis.exceptions.NoScriptError:  # a Redis that has just started
        return int(cast(Any, client.eval(_PUBLISH, 2, *keys, *values)))


def newest_seq(client: redis.Redis, tenant_id: int) -> int:
    """The seq of the tenant's newest signal, 0 when there is none."""
    newest = cast(Any, client.xrevrange(log_key(tenant_id), count=1))
    return entry_seq(newest[0][0]) if newest else 0


def read_since(client: redis.Redis, tenant_id: int, seq: int) -> list[Signal] | None:
    """The signals after `seq`, oldest first; None when the log does not reach back that far, or not up to `seq`."""
    log = log_key(tenant_id)
    oldest = cast(Any, client.xrange(log, count=1))
    if not oldest:
        return [] if seq == 0 else None  # an emptied Redis: what was missed is not known
    if entry_seq(oldest[0][0]) > seq:
        return None
    entries = cast(Any, client.xrange(log, min=f"({seq}-0"))
    if not entries and newest_seq(client, tenant_id) < seq:
        return None  # a log that has forgotten its end
    return [Signal.parse(fields[b"signal"], entry_seq(entry_id)) for entry_id, fields in entries]


def entry_seq(entry_id: bytes) -> int:
    return int(entry_id.split(b"-")[0])


def init_app(app: Flask, url: str) -> None:
    app.extensions["doorbell_redis"] = connect(url)


def client() -> redis.Redis:
    """The running app's client."""
    return cast(redis.Redis, current_app.extensions["doorbell_redis"])


def latest_seq(tenant_id: int) -> int:
    """The seq a page is painted at, read before its panels are queried. 0 when unknown, which makes the page resync."""
    try:
        return newest_seq(client(), tenant_id)
    except redis.RedisError:
        return 0


def publish_inbox(tenant_id: int, user_id: int) -> None:
    """Tell a user's other tabs that the inbox changed. Without Redis they see it at their next refetch."""
    try:
        publish(client(), tenant_id, {}, {user_id: [INBOX]})
    except redis.RedisError as error:
        _unsent.fault(log, "inbox", error)
    else:
        _unsent.over(log)
