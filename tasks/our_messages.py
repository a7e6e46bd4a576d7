"""What the queue may hold: ticks that beat sent. Everything else that lies there is passed over, with a line in the log.

Celery and kombu believe that only Celery writes to its queue: a text that is not JSON, or a message without an id, ends the
worker. So each message is checked before they see it, and of a good one only the name, the id and the expiry are taken.
"""

from __future__ import annotations

import base64
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

from .schedule import EVERY

QUEUE = "doorbell"
NO_ARGUMENTS = [[], {}, dict.fromkeys(("callbacks", "errbacks", "chain", "chord"))]
MAX_CHARS = 10_000  # of a message; ours have about 1,100

log = logs.get("tasks")
_junk = Incident(
    "a message in the queue", "it is passed over", state="not ours", again="ours", settled=REMINDER_SECONDS
)


def checked(message: Any) -> dict[str, Any]:
    """A message made here that asks for the same task. Raises ValueError for one that Doorbell does not send."""
    try:
        headers, body = message["headers"], message["body"]
        name, task_id, expires = headers["task"], headers["id"], headers.get("expires")
        if name not in EVERY:
            raise ValueError(f"{name!r:.80} is not a task; known: {', '.join(EVERY)}")
        if len(body) > MAX_CHARS or json.loads(base64.b64decode(body, validate=True)) != NO_ARGUMENTS:
            raise ValueError(f"{name} takes no arguments")
        if headers.get("eta") is not None:
            raise ValueError(f"{name} is run at once, not at {headers['eta']!r:.80}")
        if expires is not None and datetime.fromisoformat(expires).tzinfo is None:
            raise ValueError(f"{name} expires at {expires!r:.80}, a time without its offset")
        return _message(name, str(UUID(task_id)), expires)
    except (KeyError, TypeError, AttributeError, ValueError, RecursionError) as error:
        raise ValueError(f"not a message of Doorbell's: {error!r:.200}") from error


def _message(name: str, task_id: str, expires: str | None) -> dict[str, Any]:
    """As Celery's protocol 2 and kombu's Redis transport have it."""
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
        "body": base64.b64encode(json.dumps(NO_ARGUMENTS).encode()).decode(),
        "content-encoding": "utf-8",
        "content-type": "application/json",
        "headers": headers | {"argsrepr": "()", "kwargsrepr": "{}", "ignore_result": True},
        "properties": {
            "correlation_id": task_id,
            "delivery_mode": 2,
            "delivery_info": {"exchange": "", "routing_key": QUEUE},
            "priority": 0,
            "body_encoding": "base64",
            "delivery_tag": str(uuid4()),
        },
    }


def pass_over(error: Exception) -> None:
    _junk.fault(log, "queue", error)


class OurChannel:
    """Goes before kombu's Channel: a text that cannot be read, or keys of another type, do not end who reads or sends.

    `ack_emulation` is off: a tick is acknowledged before it runs (settings), so a table of unacknowledged ones says nothing,
    and could hold junk.
    """

    ack_emulation = False

    def _brpop_read(self: Any, **options: Any) -> Any:
        try:
            return super()._brpop_read(**options)  # type: ignore[misc]
        except (Empty, *self.connection_errors):
            raise
        except self.ResponseError as error:
            self._mend(error)
        except Exception as error:  # the text was taken from the queue, and kombu's JSON may raise anything
            pass_over(error)
        raise Empty

    def _put(self: Any, queue: str, message: Any, **options: Any) -> None:
        self._or_mend(super()._put, queue, message, **options)  # type: ignore[misc]

    def _size(self: Any, queue: str) -> Any:
        return self._or_mend(super()._size, queue)  # type: ignore[misc]

    def _or_mend(self: Any, do: Callable[..., Any], *values: Any, **options: Any) -> Any:
        try:
            return do(*values, **options)
        except self.ResponseError as error:
            self._mend(error)
            return do(*values, **options)

    def _queue_bind(self: Any, exchange: str, *names: Any) -> None:
        """Written for nobody: a tick is sent to its queue by name."""
        if exchange != QUEUE:
            super()._queue_bind(exchange, *names)  # type: ignore[misc]

    def get_table(self: Any, exchange: str) -> list[tuple[str, str, str]]:
        if exchange == QUEUE:
            return [(QUEUE, "", QUEUE)]
        return super().get_table(exchange)  # type: ignore[misc]

    def _mend(self: Any, error: Exception) -> None:
        """Delete a key of the queue that holds another type than a list. Raises `error` when that is not what is wrong."""
        if "WRONGTYPE" not in str(error):
            raise error
        pass_over(error)
        with self.conn_or_acquire() as client:
            for priority in self.priority_steps:
                key = self._q_for_pri(QUEUE, priority)
                try:
                    client.llen(key)
                except self.ResponseError:
                    client.delete(key)


class OurTransport:
    """Goes before kombu's Transport."""

    def _deliver(self, message: Any, queue: str) -> None:
        try:
            ours = checked(message) if queue == QUEUE else message
        except ValueError as error:
            pass_over(error)
            return
        _junk.over(log)
        super()._deliver(ours, queue)  # type: ignore[misc]


class Channel(OurChannel, kombu_redis.Channel):
    """For one Redis."""


class Transport(OurTransport, kombu_redis.Transport):
    """For one Redis."""

    Channel = Channel


class SentinelChannel(OurChannel, kombu_redis.SentinelChannel):
    """For a Redis that Sentinels name."""


class SentinelTransport(OurTransport, kombu_redis.SentinelTransport):
    """For a Redis that Sentinels name."""

    Channel = SentinelChannel


def install() -> None:
    """Have kombu use these for the addresses that Doorbell gives it. By scheme: a failover goes by the next address."""
    ours = {"redis": Transport, "rediss": Transport, "sentinel": SentinelTransport}
    for scheme, transport in ours.items():
        kombu.transport.TRANSPORT_ALIASES[scheme] = f"{__name__}:{transport.__name__}"
