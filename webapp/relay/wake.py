"""The wake-up of the relay and of pushes: after a drain that found events, the listener sends one run per waiting destination,
and one for all pushes while a browser is subscribed.

The first event wakes the relay at once; more events send nothing until that run begins. A lost wake-up costs the seconds until
the next tick.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from .. import redis_client
from ..config import Config, redis_url
from ..observability import logs
from ..observability.incidents import Incident
from ..push import queue as push
from . import active
from .queue import EXPIRES_SECONDS, RELAY_QUEUE, RELAY_RUN

if TYPE_CHECKING:
    from celery import Celery

# The list of active destinations is read again after this long.
LIST_SECONDS = 1.0

log = logs.get("listener")


class RelayWake:
    """`wake` returns at once: a thread talks to Redis, so that a slow queue delays no signal."""

    def __init__(self, config: Config) -> None:
        self._redis = redis_client.connect(config.redis_url)
        self._broker = redis_url.for_celery(config.redis_url)
        self._celery: Celery | None = None
        self._events = threading.Event()
        self._incident = Incident("the relay's queue", "the tick sends the runs", state="away", again="back")
        self._ids: list[int] = []
        self._has_pushes = False
        self._listed = 0.0
        self._thread = threading.Thread(target=self._run, name="relay wake", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        # Without destinations the thread sleeps on: each turn of it would delay the listener's next signal.
        if self._ids or self._has_pushes or time.monotonic() - self._listed > LIST_SECONDS:
            self._events.set()

    def _run(self) -> None:
        while True:
            self._events.wait()
            self._events.clear()
            try:
                self._send()
                self._incident.over(log)
            # The events are in the outbox, and the tick finds them.
            except Exception as error:
                self._incident.fault(log, "queue", error)

    def _send(self) -> None:
        if time.monotonic() - self._listed > LIST_SECONDS:
            self._ids, self._listed = active.listed(self._redis), time.monotonic()
            self._has_pushes = push.is_active(self._redis)
        for destination_id in self._ids:
            if active.claim_wake(self._redis, destination_id):
                self._send_run(destination_id)

        if self._has_pushes and push.claim_wake(self._redis):
            self._send_pushes()

    def _send_run(self, destination_id: int) -> None:
        try:
            self._send_task(RELAY_RUN, [destination_id])
        except Exception:
            active.clear_wake(self._redis, destination_id)
            raise

    def _send_pushes(self) -> None:
        try:
            self._send_task(push.PUSH_RUN, [])
        except Exception:
            push.clear_wake(self._redis)
            raise

    def _send_task(self, name: str, arguments: list[int]) -> None:
        options = {"queue": RELAY_QUEUE, "expires": EXPIRES_SECONDS, "ignore_result": True}
        self._queue().send_task(name, args=arguments, **options)

    def _queue(self) -> Celery:
        """Celery as a sender. It is imported when there is a destination: most listeners never need its memory."""
        if self._celery is None:
            from celery import Celery

            self._celery = Celery("doorbell", broker=self._broker["broker_url"], set_as_current=False)
            self._celery.conf.update(
                broker_use_ssl=self._broker["broker_use_ssl"],
                broker_transport_options={
                    "socket_connect_timeout": redis_client.TIMEOUT_SECONDS,
                    "socket_timeout": redis_client.TIMEOUT_SECONDS,
                    **self._broker["transport_options"],
                },
                task_publish_retry=False,
            )
        return self._celery
