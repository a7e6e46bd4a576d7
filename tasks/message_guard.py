"""A guard between the queues and Celery: it accepts only messages of Doorbell and skips all others, with a log line.

Celery and kombu trust their queue: a text that is not JSON, or a message without an id, ends the worker. So each message is
validated before Celery gets it, and rebuilt from its name, id, expiry and destination alone.
"""

from __future__ import annotations

import base64
import itertools
import json
from collections.abc import Callable
from datetime import datetime
from queue import Empty
from typing import Any
from uuid import UUID, uuid4

import kombu.transport
from kombu.transport import redis as kombu_redis

from webapp.observability import logs
from webapp.observability.incidents import REMINDER_SECONDS, Incident
from webapp.relay.queue import RELAY_QUEUE, RELAY_RUN

from .schedule import NAMES, QUEUE, queue_of

QUEUES = (QUEUE, RELAY_QUEUE)
NO_ARGUMENTS = [[], {}, dict.fromkeys(("callbacks", "errbacks", "chain", "chord"))]
MAX_BODY_CHARS = 10_000  # Doorbell's messages have about 1,100

log = logs.get("tasks")
_invalid = Incident("a message in the queue", "skipping it", state="invalid", again="valid", settled=REMINDER_SECONDS)


def validated(message: Any) -> dict[str, Any]:
    """A new message for the same task. Raises ValueError if the message is not one that Doorbell sends."""
    try:
        headers, body = message["headers"], message["body"]
        name, task_id, expires = headers["task"], headers["id"], headers.get("expires")
        if name not in NAMES:
            raise ValueError(f"{name!r:.80} is not a task; known: {', '.join(NAMES)}")
        arguments = _arguments(name, body)
        if headers.get("eta") is not None:
            raise ValueError(f"{name} runs at once, not at {headers['eta']!r:.80}")
        if expires is not None and datetime.fromisoformat(expires).tzinfo is None:
            raise ValueError(f"{name} expires at {expires!r:.80}, a time without an offset")
        return _message(name, str(UUID(task_id)), expires, arguments)
    except (KeyError, TypeError, AttributeError, ValueError, RecursionError) as error:
        raise ValueError(f"not a message from Doorbell: {error!r:.200}") from error


def _arguments(name: str, body: str) -> list[int]:
    """The arguments: a destination's id for RELAY_RUN, none for the others."""
    if len(body) <= MAX_BODY_CHARS:
        decoded = json.loads(base64.b64decode(body, validate=True))
        if name != RELAY_RUN and decoded == NO_ARGUMENTS:
            return []
        if name == RELAY_RUN and isinstance(decoded, list) and decoded[1:] == NO_ARGUMENTS[1:]:
            (destination_id,) = decoded[0]
            # Not a bool, which is an int too.
            if type(destination_id) is int and 0 < destination_id < 2**31:
                return [destination_id]
    raise ValueError(f"{name} takes {'the id of a destination' if name == RELAY_RUN else 'no arguments'}")


def _message(name: str, task_id: str, expires: str | None, arguments: list[int]) -> dict[str, Any]:
    """A message in Celery's protocol 2 and the format of kombu's Redis transport."""
    headers: dict[str, Any] = {
        "lang": "py",
        "task": name,
        "id": task_id,
        "root_id": task_id,
        "parent_id": None,
        "group": None,
    }
    headers |= {"eta": None, "expires": expires, "retries": 0, "timelimit": [None, None], "origin": "doorbell"}
    return {
        "body": base64.b64encode(json.dumps([arguments, *NO_ARGUMENTS[1:]]).encode()).decode(),
        "content-encoding": "utf-8",
        "content-type": "application/json",
        "headers": headers | {"argsrepr": repr(tuple(arguments)), "kwargsrepr": "{}", "ignore_result": True},
        "properties": {
            "correlation_id": task_id,
            "delivery_mode": 2,
            "delivery_info": {"exchange": "", "routing_key": queue_of(name)},
            "priority": 0,
            "body_encoding": "base64",
            "delivery_tag": str(uuid4()),
        },
    }


def _skip(error: Exception) -> None:
    _invalid.fault(log, "queue", error)


class GuardedChannel:
    """A mixin before kombu's Channel: unreadable messages and keys of the wrong type end neither reader nor sender.

    `ack_emulation` is off, because ticks are acknowledged before they run (`task_acks_late`). A table of unacknowledged
    messages would have no use, and could contain invalid data.
    """

    ack_emulation = False

    def _brpop_read(self: Any, **options: Any) -> Any:
        try:
            return super()._brpop_read(**options)  # type: ignore[misc]
        except (Empty, *self.connection_errors):
            raise
        except self.ResponseError as error:
            self._repair(error)
        # The message is already off the queue, and kombu's JSON decoder may raise any error.
        except Exception as error:
            _skip(error)
        raise Empty

    def _put(self: Any, queue: str, message: Any, **options: Any) -> None:
        self._repair_and_retry(super()._put, queue, message, **options)  # type: ignore[misc]

    def _size(self: Any, queue: str) -> Any:
        return self._repair_and_retry(super()._size, queue)  # type: ignore[misc]

    def _repair_and_retry(self: Any, do: Callable[..., Any], *values: Any, **options: Any) -> Any:
        try:
            return do(*values, **options)
        except self.ResponseError as error:
            self._repair(error)
            return do(*values, **options)

    def _queue_bind(self: Any, exchange: str, *names: Any) -> None:
        """Not needed for Doorbell's exchange, because ticks are sent to their queue by name."""
        if exchange not in QUEUES:
            super()._queue_bind(exchange, *names)  # type: ignore[misc]

    def get_table(self: Any, exchange: str) -> list[tuple[str, str, str]]:
        if exchange in QUEUES:
            return [(exchange, "", exchange)]
        return super().get_table(exchange)  # type: ignore[misc]

    def _repair(self: Any, error: Exception) -> None:
        """Delete the queue's keys that are not lists. Raises `error` if it has another cause."""
        if "WRONGTYPE" not in str(error):
            raise error
        _skip(error)
        with self.conn_or_acquire() as client:
            for queue, priority in itertools.product(QUEUES, self.priority_steps):
                key = self._q_for_pri(queue, priority)
                try:
                    client.llen(key)
                except self.ResponseError:
                    client.delete(key)


class GuardedTransport:
    """A mixin before kombu's Transport: it delivers validated messages only."""

    def _deliver(self, message: Any, queue: str) -> None:
        try:
            valid = validated(message) if queue in QUEUES else message
        except ValueError as error:
            _skip(error)
            return
        _invalid.over(log)
        super()._deliver(valid, queue)  # type: ignore[misc]


class Channel(GuardedChannel, kombu_redis.Channel):
    """For a single Redis."""


class Transport(GuardedTransport, kombu_redis.Transport):
    """For a single Redis."""

    Channel = Channel


class SentinelChannel(GuardedChannel, kombu_redis.SentinelChannel):
    """For a Redis behind Sentinel."""


class SentinelTransport(GuardedTransport, kombu_redis.SentinelTransport):
    """For a Redis behind Sentinel."""

    Channel = SentinelChannel


def install() -> None:
    """Register the transports with kombu by URL scheme, because a failover uses the next URL."""
    transports = {"redis": Transport, "rediss": Transport, "sentinel": SentinelTransport}
    for scheme, transport in transports.items():
        kombu.transport.TRANSPORT_ALIASES[scheme] = f"{__name__}:{transport.__name__}"
