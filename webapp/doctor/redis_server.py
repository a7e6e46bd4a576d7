"""Check of Redis: it answers, is new enough, accepts writes, delivers what is published, and evicts none of our keys."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from typing import Any, cast

import redis

from .finding import Finding, fault, ok, warn
from .system import System

MIN_VERSION = (6, 2)
DELIVERY_TIMEOUT_SECONDS = 3.0
_AWAY = "Redis does not answer"


def check(system: System) -> Iterator[Finding]:
    try:
        with system.redis() as client:
            info = cast("dict[str, Any]", client.info())
            yield from _version(info)
            yield from _writes(client, info)
            yield from _eviction(info)
            yield from _publishing(client, str(info["redis_version"]))
    except ValueError:
        yield fault(
            "REDIS_URL is not an address that the Redis library can read",
            "Write redis://:password@host:6379/0, with %XX for special characters in the password.",
            away=_AWAY,
        )
    except redis.AuthenticationError as error:
        yield fault(f"refuses the login: {error}", "Correct the user and password in REDIS_URL.", away=_AWAY)
    except (redis.ConnectionError, redis.TimeoutError) as error:
        yield fault(
            f"does not answer: {error}",
            "Check that it runs and accepts connections from this host at REDIS_URL. Pages recover on their own.",
            away=_AWAY,
        )


def _version(info: dict[str, Any]) -> Iterator[Finding]:
    version = str(info["redis_version"])
    if tuple(int(part) for part in version.split(".")[:2]) < MIN_VERSION:
        yield fault(f"Redis {version}; 6.2 or newer is needed", "Upgrade it; its data may be lost without harm.")


def _writes(client: redis.Redis, info: dict[str, Any]) -> Iterator[Finding]:
    key = f"doorbell:doctor:{secrets.token_hex(8)}"
    try:
        client.set(key, "1", ex=10)
        client.delete(key)
    except redis.exceptions.ReadOnlyError:
        yield fault(
            f"a replica of {info.get('master_host')}, which refuses writes", "Give the primary's address in REDIS_URL."
        )
    except redis.exceptions.OutOfMemoryError:
        yield fault(
            f"full: {info['used_memory']:,} bytes used of maxmemory {info['maxmemory']:,}, and refuses writes",
            "Raise maxmemory, or give Doorbell its own Redis.",
        )
    except redis.ResponseError as error:
        yield fault(f"refuses writes: {error}", "See Redis's log; the usual cause is a full disk (MISCONF).")


def _eviction(info: dict[str, Any]) -> Iterator[Finding]:
    policy = str(info.get("maxmemory_policy", "noeviction"))
    if info.get("maxmemory") and policy != "noeviction":
        victims = "the listener's heartbeat" if policy.startswith("volatile") else "Celery's queue and the signal logs"
        yield warn(
            f"when it is full, it evicts {victims} (maxmemory-policy {policy})",
            "Set maxmemory-policy noeviction, or give Doorbell its own Redis.",
        )


def _publishing(client: redis.Redis, version: str) -> Iterator[Finding]:
    channel = f"doorbell:doctor:{secrets.token_hex(8)}"
    with client.pubsub(ignore_subscribe_messages=True) as subscriber:
        subscriber.subscribe(channel)
        began = time.monotonic()
        client.publish(channel, "check")
        deadline = began + DELIVERY_TIMEOUT_SECONDS
        while (left := deadline - time.monotonic()) > 0:
            if subscriber.get_message(timeout=left):
                yield ok(f"Redis {version}; a signal arrives in {(time.monotonic() - began) * 1000:.0f} ms")
                return
    yield fault(
        f"a published message did not arrive within {DELIVERY_TIMEOUT_SECONDS:.0f} s",
        "A proxy in front of Redis may block PUBLISH, or Redis is overloaded: see SLOWLOG and CLIENT LIST.",
    )
