"""redis-py's errors in words for an operator. None of them has an address, a password or a part of a message."""

from __future__ import annotations

import re

import redis

# The first word of an answer of Redis -> what was seen and what to do.
_WORDS = {
    "OOM": "Redis is out of memory (OOM); raise maxmemory, set maxlen in the address, or trim the stream",
    "READONLY": "this Redis is a read-only replica (READONLY); set the address of the primary",
    "LOADING": "Redis is loading its data (LOADING); wait until it is ready",
    "MISCONF": "Redis cannot save to its disk and refuses writes (MISCONF); check its disk and its log",
    "NOAUTH": "Redis requires a password (NOAUTH); set user name and password in the address",
    "WRONGPASS": "Redis refused the user name or the password (WRONGPASS); correct them in the address",
    "NOPERM": "the Redis user may not do this (NOPERM); grant it +@stream +@transaction +info and the stream's key",
    "WRONGTYPE": "a key of the stream's name is not a stream (WRONGTYPE); choose another name of the stream",
    "NOREPLICAS": "Redis has too few replicas for a write (NOREPLICAS); start them, or lower min-replicas-to-write",
    "MASTERDOWN": "this Redis is a replica without its primary (MASTERDOWN); set the address of the primary",
    "MOVED": "this Redis is a node of a cluster (MOVED); set the address of the node that has the stream's slot",
    "CLUSTERDOWN": "the Redis cluster is down (CLUSTERDOWN); repair it",
    "CROSSSLOT": "the streams lie in several slots of a Redis cluster (CROSSSLOT); give their names one {hash tag}",
}
# redis-py removes the first word of these.
_CLASSES: dict[type[Exception], str] = {
    redis.OutOfMemoryError: "OOM",
    redis.ReadOnlyError: "READONLY",
    redis.BusyLoadingError: "LOADING",
    redis.exceptions.NoPermissionError: "NOPERM",
    redis.exceptions.MasterDownError: "MASTERDOWN",
    redis.exceptions.MovedError: "MOVED",
    redis.exceptions.ClusterDownError: "CLUSTERDOWN",
    redis.exceptions.ClusterCrossSlotError: "CROSSSLOT",
}
_MAX_CHARS = 200


def words(error: Exception, place: str) -> str:
    """One sentence about an error of the Redis at `place` (hosts and ports)."""
    code = next((code for kind, code in _CLASSES.items() if isinstance(error, kind)), "") or _code(error)
    if code in _WORDS:
        return f"{place}: {_WORDS[code]}"
    if isinstance(error, redis.AuthenticationError):
        # The second is the answer to HELLO.
        is_missing = re.search("Authentication required|already authenticated", str(error))
        return f"{place}: {_WORDS['NOAUTH' if is_missing else 'WRONGPASS']}"
    if isinstance(error, redis.TimeoutError):
        return f"{place}: Redis did not answer in time; check the server and the network"
    if isinstance(error, redis.ConnectionError):
        return f"{place}: no connection to Redis ({_reason(error)}); check the server, the address and the network"
    return f"{place}: Redis answered {_answer(error)!r}"


def _code(error: Exception) -> str:
    match = re.search(r"\b(" + "|".join(_WORDS) + r")\b", _answer(error))
    return match[1] if match else ""


def _answer(error: Exception) -> str:
    # redis-py puts the command, with its values, before the answer of a pipeline.
    return str(error).rpartition("of pipeline caused error: ")[2][:_MAX_CHARS]


def _reason(error: Exception) -> str:
    cause = error.__cause__ or error.__context__
    name = getattr(cause, "strerror", None) or getattr(cause, "verify_message", None)
    return str(name or (cause and type(cause).__name__) or "it was closed")[:_MAX_CHARS]
