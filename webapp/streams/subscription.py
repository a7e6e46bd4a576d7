"""The one Redis subscription of a web process: to the tenants that are watched here and to no other.

When Redis drops it, or no listener is there to publish, whoever it feeds is told, so that the pages poll instead of
showing old numbers as live.

Under gunicorn's gevent worker the thread here is a greenlet; elsewhere it is what it says.
"""

from __future__ import annotations

import contextlib
import random
import threading
import time
from collections import Counter
from collections.abc import Iterable
from typing import Any, Protocol

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from .. import redis_client
from ..observability import logs
from ..observability.incidents import Incident
from ..observability.metrics import web as metrics
from ..signals import publisher

PING_SECONDS = 2.0  # of silence, then Redis is asked whether it is there; as often the heartbeat is looked for
LOOK_SECONDS = 0.5  # how often the heartbeat is looked for while it is missing
SILENCE_SECONDS = 5.0  # then it is taken for gone: until then the pages show old numbers as live
BACK_OFF_SECONDS = (0.1, 2.0)
NO_TENANT = 0  # no tenant has this id

log = logs.get("hub")


class SubscriptionHandler(Protocol):
    """What a subscription feeds."""

    def watched(self) -> Iterable[int]:
        """The tenants to subscribe to on a new connection."""

    def subscribed(self, tenant_id: int) -> None:
        """From now on its signals come."""

    def received(self, tenant_id: int, message: bytes) -> None:
        """One message of that tenant's channel."""

    def unsubscribed(self) -> None:
        """The connection is lost, and what is published is not heard."""

    def listener(self, beats: bool) -> None:
        """Whether the listener's heartbeat is there, when that has changed."""


class Subscription:
    """Nothing runs and nothing connects before `start`."""

    def __init__(
        self, redis_url: str, log_client: redis.Redis, fed: SubscriptionHandler, lock: threading.RLock
    ) -> None:
        # No retry inside the client: a connection made anew in silence would hide the signals lost in between.
        self._redis = redis_client.connect(redis_url, retry=Retry(NoBackoff(), 0))
        self._log = log_client
        self._fed = fed
        self.pubsub: Any = None
        self._lock = lock  # the hub's: what it watches and what is asked for here change together
        self._unanswered: Counter[int] = Counter()  # subscriptions asked for, by tenant
        self.listener_beats = True  # until it was looked for
        self._looked = 0.0
        self._feeder: threading.Thread | None = None
        self._redis_away = Incident("redis", "the pages poll")
        self._listener_away = Incident("the listener", "the pages poll")

    def start(self) -> None:
        with self._lock:
            if self._feeder is None:
                self._feeder = threading.Thread(target=self._feed, name="hub", daemon=True)
                self._feeder.start()

    def send(self, command: str, tenant_id: int) -> None:
        """`subscribe` or `unsubscribe`. In silence where there is no connection: the next one asks `watched`."""
        with self._lock:
            if self.pubsub is not None:
                with contextlib.suppress(
                    redis.RedisError, OSError
                ):  # the feeder sees the same fault and subscribes anew
                    getattr(self.pubsub, command)(publisher.channel(tenant_id))
                    if command == "subscribe":
                        self._unanswered[tenant_id] += 1

    def _feed(self) -> None:
        wait = BACK_OFF_SECONDS[0]
        while True:
            try:
                self._subscribe()
                wait = BACK_OFF_SECONDS[0]
                self._receive()
            except Exception as error:  # whatever it is: a hub that ends here would leave its pages deaf and "Live"
                expected = isinstance(error, redis.RedisError | OSError)
                unforeseen = {} if expected else {"exc_info": error}
                if self._redis_away.fault(log, "subscription", error, **unforeseen):
                    metrics.hub_outage_started("redis")
                self._lose()
                time.sleep(wait * random.uniform(0.5, 1.0))  # noqa: S311 - spreads load, keeps no secret
                wait = min(wait * 2, BACK_OFF_SECONDS[1])

    def _subscribe(self) -> None:
        pubsub = self._redis.pubsub()
        pubsub.subscribe(publisher.channel(NO_TENANT))  # so that there is a connection before the first tenant's
        self._look_for_the_listener()
        with self._lock:
            self.pubsub = pubsub
            for tenant_id in self._fed.watched():
                self.send("subscribe", tenant_id)

    def _receive(self) -> None:
        """The crux: every message until the connection fails, or says nothing although it was asked."""
        heard = time.monotonic()
        while True:
            message = self.pubsub.get_message(timeout=PING_SECONDS if self.listener_beats else LOOK_SECONDS)
            if not self.listener_beats or time.monotonic() - self._looked > PING_SECONDS:
                self._look_for_the_listener()
            if message is None:
                if time.monotonic() - heard > SILENCE_SECONDS:
                    raise redis.ConnectionError("no answer to a ping")
                self.pubsub.ping()
                continue
            heard = time.monotonic()
            if message["type"] == "subscribe":
                if self._redis_away.over(log):
                    metrics.hub_outage_ended("redis")
                self._answered(_tenant(message["channel"]))
            elif message["type"] == "message":
                self._fed.received(_tenant(message["channel"]), message["data"])

    def _answered(self, tenant_id: int) -> None:
        """The answer to the last question counts: between two a tenant was let go, and its signals did not come."""
        with self._lock:
            self._unanswered[tenant_id] -= 1
            if self._unanswered[tenant_id] <= 0:
                del self._unanswered[tenant_id]
                self._fed.subscribed(tenant_id)

    def _look_for_the_listener(self) -> None:
        """Without its heartbeat nobody publishes: it is dead, or Redis takes no writes."""
        self._looked = time.monotonic()
        beats = bool(self._log.exists(publisher.HEARTBEAT_KEY))
        if beats and self._listener_away.over(log):
            metrics.hub_outage_ended("listener")
        elif not beats and self._listener_away.fault(log, "heartbeat"):
            metrics.hub_outage_started("listener")
        if beats != self.listener_beats:
            self.listener_beats = beats
            self._fed.listener(beats)

    def _lose(self) -> None:
        with self._lock:
            pubsub, self.pubsub = self.pubsub, None
            self._unanswered.clear()
        self._fed.unsubscribed()
        if pubsub is not None:
            with contextlib.suppress(Exception):  # it is broken: how it says so does not matter
                pubsub.close()


def _tenant(channel: bytes) -> int:
    return int(channel.rpartition(b":")[2])
