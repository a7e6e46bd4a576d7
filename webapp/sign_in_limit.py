"""How often a sign-in may fail: a counter in Redis an e-mail and address.

By both: an attacker elsewhere cannot lock a colleague out, and a mistyped name does not lock an office out. Every try
counts before its password is looked at, so a hundred at once are not a hundred guesses; a success forgets them.
"""

from __future__ import annotations

import hashlib
from typing import Any, cast

import redis

from . import logs, signals
from .incidents import Incident

TRIES = 10
WINDOW_SECONDS = 900

log = logs.get("sign_in")
_uncounted = Incident("redis", "sign-ins are not limited")


def seconds_to_wait(email: str, address: str) -> int:
    """Count a try. 0 when it may go on, else the seconds until the next may. Without Redis it may, and the log says so."""
    key = _key(email, address)
    try:
        with signals.client().pipeline(transaction=True) as pipe:
            pipe.set(key, 0, ex=WINDOW_SECONDS, nx=True)
            pipe.incr(key)
            pipe.ttl(key)
            _, tries, ttl = cast(Any, pipe.execute())
    except redis.RedisError as error:
        _uncounted.fault(log, "sign-in limit", error)
        return 0
    _uncounted.over(log)
    return max(1, ttl) if tries > TRIES else 0


def forget(email: str, address: str) -> None:
    try:
        signals.client().delete(_key(email, address))
    except redis.RedisError as error:
        _uncounted.fault(log, "sign-in limit", error)


def _key(email: str, address: str) -> str:
    """Hashed, so that Redis holds no e-mail addresses and no key is longer than this."""
    return "sign-in:" + hashlib.sha256(f"{email.strip().lower()}\n{address}".encode()).hexdigest()
