"""Publishing of signals: one step appends a signal to its tenant's log in Redis and sends it on the tenant's channel.

Channel `live:<tenant>` carries `{"seq", "topics": {"orders": [ids] | null, …}, "users": {"7": ["inbox"]}, "at"}`; the
stream `live:<tenant>:log` keeps about the last 1,000 under the id `<seq>-0`, so that a reconnect is answered from Redis.
`seq` is epoch milliseconds, or one more than the previous `seq` where the clock did not advance.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from typing import Any, cast

import redis

from .signal import MAX_SEQ

HEARTBEAT_KEY = "doorbell:listener"  # the leader's; expires without it
# Signals per tenant; at ten per second a page may be away for 100 s and still resume exactly.
LOG_LENGTH = 1000
# Redis's errors when the log's key holds another type, or a stream without ids left.
_NOT_OURS = ("WRONGTYPE", "ID specified in XADD", "exhausted the last possible ID")

# One script for log and channel, so that two publishers (the leading listener, Celery, a web process that marks a notification
# read) never use the same seq: it is the given clock, or one more than the newest seq.
# A log that ends beyond MAX_SEQ was written by another program: it is deleted, and its tenant's pages resync.
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


def channel(tenant_id: int) -> str:
    return f"live:{tenant_id}"


def log_key(tenant_id: int) -> str:
    return f"live:{tenant_id}:log"


def publish(
    client: redis.Redis,
    tenant_id: int,
    topics: Mapping[str, Sequence[int] | None],
    users: Mapping[int, Sequence[str]] | None = None,
    *,
    now_ms: int | None = None,
    at_ms: int | None = None,
) -> int:
    """Append one signal to the log and publish it; returns its seq. Raises redis.RedisError when it may not have been sent.

    `now_ms` is the clock for seq (the leader passes the database's), `at_ms` the time at which the change was recorded.
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
        if not any(text in str(error) for text in _NOT_OURS):
            raise
        client.delete(keys[0])  # only this tenant's pages resync
        return _run(client, keys, values)


def _run(client: redis.Redis, keys: tuple[str, str], values: tuple[str, ...]) -> int:
    try:
        return int(cast(Any, client.evalsha(_PUBLISH_SHA, 2, *keys, *values)))
    except redis.exceptions.NoScriptError:  # Redis has restarted
        return int(cast(Any, client.eval(_PUBLISH, 2, *keys, *values)))
