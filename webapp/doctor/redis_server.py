"""Redis answers, is new enough, passes on what is published, takes writes, and throws nothing of ours away."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from typing import Any, cast

import redis

from .finding import Finding, fault, ok, warn
from .system import System

MIN_VERSION = (6, 2)
HEAR_SECONDS = 3.0
_AWAY = "Redis does not answer"


def look(system: System) -> Iterator[Finding]:
    try:
        with system.redis() as client:
            info = cast("dict[str, Any]", client.info())
            yield from _version(info)
            yield from _writes(client, info)
            yield from _eviction(info)
            yield from _publishing(client, str(info["redis_version"]))
    except ValueError:
        yield fault(
            "REDIS_URL is no address that the Redis library can read",
            "Write redis://:password@host:6379/0, with %XX for special characters in the password.",
            away=_AWAY,
        )
    except redis.AuthenticationError as error:
        yield fault(f"lets nobody in: {error}", "See user and password in REDIS_URL.", away=_AWAY)
    except (redis.ConnectionError, redis.TimeoutError) as error:
        yield fault(
            f"does not answer: {error}",
            "See whether it runs, and takes connections from this host at the address in REDIS_URL. Pages heal by themselves.",
            away=_AWAY,
        )


def _version(info: dict[str, Any]) -> Iterator[Finding]:
    version = str(info["redis_version"])
    if tuple(int(part) for part in version.split(".")[:2]) < MIN_VERSION:
        yield fault(f"Redis {version}; 6.2 or newer is needed", "Upgrade it; it holds nothing that would be missed.")


def _writes(client: redis.Redis, info: dict[str, Any]) -> Iterator[Finding]:
    key = f"doorbell:doctor:{secrets.token_hex(8)}"
    try:
        client.set(key, "1", ex=10)
        client.delete(key)
    except redis.exceptions.ReadOnlyError:
        yield fault(
            f"a replica of {info.get('master_host')}, and takes no writes", "Give the primary's address in REDIS_URL."
        )
    except redis.exceptions.OutOfMemoryError:
        yield fault(
            f"full: {info['used_memory']:,} bytes used of maxmemory {info['maxmemory']:,}, and takes no writes",
            "Raise maxmemory, or give Doorbell a Redis of its own.",
        )
    except redis.ResponseError as error:
        yield fault(f"takes no writes: {error}", "See Redis's log; a full disk is the usual cause (MISCONF).")


def _eviction(info: dict[str, Any]) -> Iterator[Finding]:
    policy = str(info.get("maxmemory_policy", "noeviction"))
    if info.get("maxmemory") and policy != "noeviction":
        victims = (
            "the listener's heartbeat" if policy.startswith("volatile") else "Celery's queue and the signals' logs"
        )
        yield warn(
            f"when it is full it throws away {victims} (maxmemory-policy {policy})",
            "Set maxmemory-policy noeviction, or give Doorbell a Redis of its own.",
        )


def _publishing(client: redis.Redis, version: str) -> Iterator[Finding]:
    channel = f"doorbell:doctor:{secrets.token_hex(8)}"
    with client.pubsub(ignore_subscribe_messages=True) as subscriber:
        subscriber.subscribe(channel)
        begun = time.monotonic()
        client.publish(channel, "look")
        deadline = begun + HEAR_SECONDS
        while (left := deadline - time.monotonic()) > 0:
            if subscriber.get_message(timeout=left):
                yield ok(f"Redis {version}; a signal passes in {(time.monotonic() - begun) * 1000:.0f} ms")
                return
    yield fault(
        f"what is published is not received within {HEAR_SECONDS:.0f} s",
        "A proxy before Redis may not pass on PUBLISH, or Redis is overloaded: see SLOWLOG and CLIENT LIST.",
    )
