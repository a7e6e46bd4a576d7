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

from ..config import redis_url
from ..events.catalog import BOARD_TOPICS, INBOX, ORDERS
from ..observability import logs
from ..observability.incidents import Incident

IDS_PER_SIGNAL = 50  # more changed orders than this are "many" (null): the page refetches the list, not each row
HEARTBEAT_KEY = "doorbell:listener"  # the leader's; expires when it is gone
LOG_LENGTH = 1000  # signals a tenant; at ten a second a page may be away for 100 s and still resume exactly
TIMEOUT_SECONDS = 5.0

# A signal with more than this was not written by Doorbell. MAX_SEQ is exact in Lua and in JavaScript, and far from now.
MAX_BYTES = 1_000_000
MAX_IDS = 1_000
MAX_ID = 2**63 - 1
MAX_SEQ = 2**52
_TOPICS = frozenset(BOARD_TOPICS)
# What Redis answers where the log's key holds another type, or a stream that has used up its ids.
_NOT_OURS = ("WRONGTYPE", "ID specified in XADD", "exhausted the last possible ID")

log = logs.get("signals")
_unsent = Incident("redis", "inbox signals are not sent")

# The log and the channel move in one step, and two publishers (the leading listener, Celery, a web process that marks a
# notification read) cannot take one seq: the script takes the clock that it is given, or one more than the newest.
# A log whose end lies beyond MAX_SEQ was written by another program: it goes, and its tenant's pages resync.
_PUBLISH = """
local newest = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)
local seq = tonumber(ARGV[1])
if newest[1] then
    local last = tonumber(string.match(newest[1][1], '^%d+'))
    if last >= tonumber(ARGV[4]) then
        redis.call('DEL', KEYS[1])
    elseif last >= seq then
        seq = last + 1
    end
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
        """Raises ValueError, and nothing else, when `text` is not a signal that Doorbell publishes."""
        try:
            if len(text) > MAX_BYTES:
                raise ValueError("too long")
            data = json.loads(text)
            seq = _whole(data["seq"], MAX_SEQ) if seq is None else seq
            topics = {_topic(topic): _ids(topic, ids) for topic, ids in data["topics"].items()}
            users = {_user(user): _topics(names) for user, names in data["users"].items()}
            return cls(seq, topics, users, _whole(data["at"], MAX_SEQ))
        except (KeyError, TypeError, AttributeError, ValueError, RecursionError) as error:
            raise ValueError(f"not a signal: {text[:80]!r} ({error!r:.80})") from error


def _whole(value: Any, most: int) -> int:
    if type(value) is not int or not 0 <= value <= most:
        raise ValueError(f"not a whole number from 0 to {most}: {value!r:.40}")
    return value


def _topic(name: Any) -> str:
    if name not in _TOPICS:
        raise ValueError(f"not a topic: {name!r:.40}")
    return cast(str, name)


def _topics(names: Any) -> list[str]:
    if not isinstance(names, list):
        raise ValueError(f"not a list of topics: {names!r:.40}")
    return [_topic(name) for name in names]


def _ids(topic: str, ids: Any) -> Sequence[int] | None:
    if ids is None:
        return None
    if topic != ORDERS or not isinstance(ids, list) or len(ids) > MAX_IDS:
        raise ValueError(f"not ids of orders: {ids!r:.40}")
    return [_whole(order_id, MAX_ID) for order_id in ids]


def _user(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        raise ValueError(f"not a user's id: {text!r:.40}")
    return _whole(int(text), MAX_ID)


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
    values = (str(now_ms), body, str(LOG_LENGTH), str(MAX_SEQ))
    try:
        return _run(client, keys, values)
    except redis.ResponseError as error:
        if not any(words in str(error) for words in _NOT_OURS):
            raise
        client.delete(keys[0])  # not ours: its tenant's pages resync, and nobody else waits for it
        return _run(client, keys, values)


def _run(client: redis.Redis, keys: tuple[str, str], values: tuple[str, ...]) -> int:
    try:
        return int(cast(Any, client.evalsha(_PUBLISH_SHA, 2, *keys, *values)))
    except redis.exceptions.NoScriptError:  # a Redis that has just started
        return int(cast(Any, client.eval(_PUBLISH, 2, *keys, *values)))


def newest_seq(client: redis.Redis, tenant_id: int) -> int:
    """The seq of the tenant's newest signal, 0 when there is none."""
    newest = cast(Any, client.xrevrange(log_key(tenant_id), count=1))
    return entry_seq(newest[0][0]) if newest else 0


def read_since(client: redis.Redis, tenant_id: int, seq: int) -> list[Signal] | None:
    """The signals after `seq`, oldest first; None when the log does not reach back that far, or not up to `seq`.

    Raises ValueError when the log holds an entry that is not a signal.
    """
    log = log_key(tenant_id)
    oldest = cast(Any, client.xrange(log, count=1))
    if not oldest:
        return [] if seq == 0 else None  # an emptied Redis: what was missed is not known
    if entry_seq(oldest[0][0]) > seq:
        return None
    entries = cast(Any, client.xrange(log, min=f"({seq}-0"))
    if not entries and newest_seq(client, tenant_id) < seq:
        return None  # a log that has forgotten its end
    return [Signal.parse(fields.get(b"signal", b""), entry_seq(entry_id)) for entry_id, fields in entries]


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
