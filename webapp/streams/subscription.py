"""The one Redis subscription of a web process: to the tenants that have open streams here, and to no other tenant.

The handler is called when the connection is lost, and when there is no listener to publish. The pages then poll, instead of
showing old numbers as live.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections import Counter
from collections.abc import Iterable
from typing import Any, Protocol

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from .. import redis_client
from ..concurrency.backoff import Backoff
from ..observability import logs
from ..observability.incidents import Incident
from ..observability.metrics import web as metrics
from ..signals import publisher

# Without a message for this long, Redis is pinged and the heartbeat checked.
IDLE_SECONDS = 2.0
MISSING_CHECK_SECONDS = 0.5  # between checks of a missing heartbeat
# Without an answer for this long, the connection is lost. Pages show old numbers until then.
SILENCE_SECONDS = 5.0
BACKOFF_SECONDS = (0.1, 2.0)
NO_TENANT = 0  # no tenant has this id

log = logs.get("hub")


class SubscriptionHandler(Protocol):
    """The callbacks of a subscription."""

    def tenant_ids(self) -> Iterable[int]:
        """The tenants to subscribe to on a new connection."""

    def on_subscribed(self, tenant_id: int) -> None:
        """The tenant's signals arrive from now on."""

    def on_message(self, tenant_id: int, message: bytes) -> None:
        """One message of that tenant's channel."""

    def on_unsubscribed(self) -> None:
        """The connection is lost, and with it all messages until the next one."""

    def on_listener_alive(self, alive: bool) -> None:
        """The listener's heartbeat appeared or disappeared."""


class Subscription:
    """Nothing runs and nothing connects before `start`. Under gunicorn's gevent worker its thread is a greenlet."""

    def __init__(
        self, redis_url: str, log_client: redis.Redis, handler: SubscriptionHandler, lock: threading.RLock
    ) -> None:
        # No retry inside the client: a silent reconnect would hide the signals lost in between.
        self._redis = redis_client.connect(redis_url, retry=Retry(NoBackoff(), 0))
        self._log = log_client
        self._handler = handler
        self.pubsub: Any = None
        # The hub's lock: its tenants and our pending SUBSCRIBEs must change atomically.
        self._lock = lock
        self._unconfirmed: Counter[int] = Counter()  # SUBSCRIBEs sent, by tenant
        self.listener_alive = True  # until the first check
        self._checked = 0.0
        self._thread: threading.Thread | None = None
        self._redis_away = Incident("redis", "the pages poll")
        self._listener_away = Incident("the listener", "the pages poll")

    def start(self) -> None:
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="hub", daemon=True)
                self._thread.start()

    def send(self, command: str, tenant_id: int) -> None:
        """Send `subscribe` or `unsubscribe`. Does nothing without a connection: the next one uses `tenant_ids`."""
        with self._lock:
            if self.pubsub is None:
                return
            # The receiving thread gets the same fault and subscribes again.
            with contextlib.suppress(redis.RedisError, OSError):
                getattr(self.pubsub, command)(publisher.channel(tenant_id))
                if command == "subscribe":
                    self._unconfirmed[tenant_id] += 1

    def _run(self) -> None:
        backoff = Backoff(*BACKOFF_SECONDS)
        while True:
            try:
                self._subscribe()
                backoff.reset()
                self._receive()
            except Exception as error:  # else pages stay "Live" without signals
                expected = isinstance(error, redis.RedisError | OSError)
                unforeseen = {} if expected else {"exc_info": error}
                if self._redis_away.fault(log, "subscription", error, **unforeseen):
                    metrics.hub_outage_started("redis")
                self._disconnect()
                time.sleep(backoff.next())

    def _subscribe(self) -> None:
        pubsub = self._redis.pubsub()
        pubsub.subscribe(publisher.channel(NO_TENANT))  # connects, also without any tenant
        self._check_listener()
        with self._lock:
            self.pubsub = pubsub
            for tenant_id in self._handler.tenant_ids():
                self.send("subscribe", tenant_id)

    def _receive(self) -> None:
        """Main loop: every message, until the connection fails or does not answer a ping."""
        received = time.monotonic()
        while True:
            message = self.pubsub.get_message(timeout=IDLE_SECONDS if self.listener_alive else MISSING_CHECK_SECONDS)
            if not self.listener_alive or time.monotonic() - self._checked > IDLE_SECONDS:
                self._check_listener()
            if message is None:
                if time.monotonic() - received > SILENCE_SECONDS:
                    raise redis.ConnectionError("no answer to a ping")
                self.pubsub.ping()
                continue
            received = time.monotonic()
            if message["type"] == "subscribe":
                if self._redis_away.over(log):
                    metrics.hub_outage_ended("redis")
                self._confirmed(_tenant(message["channel"]))
            elif message["type"] == "message":
                self._handler.on_message(_tenant(message["channel"]), message["data"])

    def _confirmed(self, tenant_id: int) -> None:
        """Only the confirmation of the latest SUBSCRIBE counts: an earlier one was followed by an UNSUBSCRIBE."""
        with self._lock:
            self._unconfirmed[tenant_id] -= 1
            if self._unconfirmed[tenant_id] <= 0:
                del self._unconfirmed[tenant_id]
                self._handler.on_subscribed(tenant_id)

    def _check_listener(self) -> None:
        """Check the heartbeat. Without it nothing is published: the listener is dead, or Redis rejects writes."""
        self._checked = time.monotonic()
        alive = bool(self._log.exists(publisher.HEARTBEAT_KEY))
        if alive and self._listener_away.over(log):
            metrics.hub_outage_ended("listener")
        elif not alive and self._listener_away.fault(log, "heartbeat"):
            metrics.hub_outage_started("listener")
        if alive != self.listener_alive:
            self.listener_alive = alive
            self._handler.on_listener_alive(alive)

    def _disconnect(self) -> None:
        with self._lock:
            pubsub, self.pubsub = self.pubsub, None
            self._unconfirmed.clear()
        self._handler.on_unsubscribed()
        if pubsub is not None:
            with contextlib.suppress(Exception):  # it is broken already
                pubsub.close()


def _tenant(channel: bytes) -> int:
    return int(channel.rpartition(b":")[2])
