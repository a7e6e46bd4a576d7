"""The check of a Redis destination: what its sender needs, without writing."""

from __future__ import annotations

from typing import Any

import redis

from ..address import Address
from .base import BrokerAway
from .redis_errors import words


def describe(client: redis.Redis, address: Address) -> str:
    """ "Redis 6.2.14, stream doorbell:acme:orders with 5 entries", with a warning when Redis may evict the stream.

    Raises BrokerAway and redis-py's errors.
    """
    stream = address.options["stream"]
    info = _info(client)
    if info.get("role") == "slave":
        raise BrokerAway(words(redis.ReadOnlyError(), address.place))
    parts = [_server(info), f"stream {stream}{_length(client, stream) if '{' not in stream else ''}"]
    _try(client, address)
    policy = info.get("maxmemory_policy", "noeviction")
    if info.get("maxmemory") and policy != "noeviction":
        parts.append(f"warning: maxmemory-policy {policy} may delete the stream; use noeviction")
    return ", ".join(parts)


def _info(client: redis.Redis) -> dict[str, Any]:
    try:
        info: Any = client.info()
    except redis.exceptions.NoPermissionError:
        return {}
    return dict(info)


def _server(info: dict[str, Any]) -> str:
    if "valkey_version" in info:
        return f"Valkey {info['valkey_version']}"
    return f"Redis {info['redis_version']}" if "redis_version" in info else "Redis"


def _length(client: redis.Redis, stream: str) -> str:
    return f" with {client.xlen(stream)} entries"


def _try(client: redis.Redis, address: Address) -> None:
    """Queue an XADD and discard it: out of memory, read-only and missing permissions show when a command is queued."""
    stream = address.options["stream"]
    with client.pipeline(transaction=False) as commands:
        commands.execute_command("MULTI")
        commands.execute_command("XADD", stream, "*", "event", "")
        commands.execute_command("DISCARD")
        _, queued, _ = commands.execute(raise_on_error=False)
    if not isinstance(queued, Exception):
        return
    # The permission may hold for the filled name only.
    if not (isinstance(queued, redis.exceptions.NoPermissionError) and "{" in stream):
        raise BrokerAway(words(queued, address.place))
