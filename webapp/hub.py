"""The hub: all open streams of this process, and the one Redis subscription that feeds them.

It subscribes to the tenants that are watched here and to no other. When Redis drops it, or no listener is there to publish,
it says `away` to its streams, so that the pages poll instead of showing old numbers as live; `resync` when it is back.

Under gunicorn's gevent worker the threads and events here are greenlets; elsewhere they are what they say.
"""

from __future__ import annotations

import contextlib
import random
import threading
import time
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from . import logs, signals
from .dirty import Stream
from .events import RESYNC
from .incidents import Incident
from .metrics import web as metrics

SUBSCRIBE_SECONDS = 2.0  # how long a new stream waits for its subscription before it opens with `away`
PING_SECONDS = 2.0  # of silence, then Redis is asked whether it is there; as often the heartbeat is looked for
LOOK_SECONDS = 0.5  # how often the heartbeat is looked for while it is missing
SILENCE_SECONDS = 5.0  # then it is taken for gone: until then the pages show old numbers as live
BACK_OFF_SECONDS = (0.1, 2.0)
NOBODY = 0  # no tenant has this id

log = logs.get("hub")


class Hub:
    """`open` gives a stream that is fed until `close`. Nothing runs and nothing connects before the first `open`."""

    def __init__(self, redis_url: str) -> None:
        # No retry inside the client: a connection made anew in silence would hide the signals lost in between.
        self._redis = signals.connect(redis_url, retry=Retry(NoBackoff(), 0))
        self._log = signals.connect(redis_url)
        self._streams: dict[int, set[Stream]] = {}
        self._ready: dict[int, threading.Event] = {}
        self._pubsub: Any = None
        self._lock = threading.RLock()
        self._listener_beats = True  # until it was looked for
        self._looked = 0.0
        self._feeder: threading.Thread | None = None
        self._redis_away = Incident("redis", "the pages poll")
        self._listener_away = Incident("the listener", "the pages poll")

    def open(self, tenant_id: int, user_id: int, since: int | None) -> Stream:
        """A stream with all that was missed after `since` already dirty: exactly that, or `resync` when it is not known."""
        stream = Stream(tenant_id, user_id)
        ready = self._watch(stream)
        ready.wait(SUBSCRIBE_SECONDS)  # subscribed first, then the log is read: no gap between them
        with self._lock:
            if not ready.is_set() or not self._listener_beats:
                stream.lose("listener" if ready.is_set() else "redis")
                return stream
        try:
            stream.seq = signals.newest_seq(self._log, tenant_id)
            missed = None if since is None else signals.read_since(self._log, tenant_id, since)
        except (redis.RedisError, ValueError):
            missed = None  # not known
        if missed is None:
            stream.say(RESYNC, "gap")
        for signal in missed or ():
            stream.signal(signal)
        return stream

    def close(self, stream: Stream) -> None:
        stream.close()
        with self._lock:
            left = self._streams.get(stream.tenant_id, set())
            if stream in left:
                left.remove(stream)
                metrics.STREAMS.dec()
            if not left and self._streams.pop(stream.tenant_id, None) is not None:
                self._ready.pop(stream.tenant_id)
                self._send("unsubscribe", stream.tenant_id)

    def close_all(self, spread_seconds: float) -> None:
        """End every stream, one by one over `spread_seconds`: their pages reconnect elsewhere, not all in one instant."""
        streams = self._all()
        random.shuffle(streams)
        for stream in streams:
            stream.close()
            time.sleep(spread_seconds / len(streams))

    def count(self) -> int:
        return len(self._all())

    def _watch(self, stream: Stream) -> threading.Event:
        with self._lock:
            self._streams.setdefault(stream.tenant_id, set()).add(stream)
            metrics.STREAMS.inc()
            if stream.tenant_id not in self._ready:
                self._ready[stream.tenant_id] = threading.Event()
                self._send("subscribe", stream.tenant_id)
            if self._feeder is None:
                self._feeder = threading.Thread(target=self._feed, name="hub", daemon=True)
                self._feeder.start()
            return self._ready[stream.tenant_id]

    def _send(self, command: str, tenant_id: int) -> None:
        if self._pubsub is not None:
            with contextlib.suppress(redis.RedisError, OSError):  # the feeder sees the same fault and subscribes anew
                getattr(self._pubsub, command)(signals.channel(tenant_id))

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
                    metrics.hub_lost("redis")
                self._lose()
                time.sleep(wait * random.uniform(0.5, 1.0))  # noqa: S311 - spreads load, keeps no secret
                wait = min(wait * 2, BACK_OFF_SECONDS[1])

    def _subscribe(self) -> None:
        pubsub = self._redis.pubsub()
        pubsub.subscribe(signals.channel(NOBODY))  # so that there is a connection before the first tenant's
        self._look_for_the_listener()
        with self._lock:
            self._pubsub = pubsub
            for tenant_id in self._streams:
                self._send("subscribe", tenant_id)

    def _receive(self) -> None:
        """The crux: every message until the connection fails, or says nothing although it was asked."""
        heard = time.monotonic()
        while True:
            message = self._pubsub.get_message(timeout=PING_SECONDS if self._listener_beats else LOOK_SECONDS)
            if not self._listener_beats or time.monotonic() - self._looked > PING_SECONDS:
                self._look_for_the_listener()
            if message is None:
                if time.monotonic() - heard > SILENCE_SECONDS:
                    raise redis.ConnectionError("no answer to a ping")
                self._pubsub.ping()
                continue
            heard = time.monotonic()
            if message["type"] == "subscribe":
                if self._redis_away.over(log):
                    metrics.hub_found("redis")
                self._subscribed(message["channel"])
            elif message["type"] == "message":
                self._deliver(message["channel"], message["data"])

    def _subscribed(self, channel: bytes) -> None:
        with self._lock:
            ready = self._ready.get(_tenant(channel))
            if ready is not None:
                ready.set()
            if self._listener_beats:
                for stream in self._streams.get(_tenant(channel), ()):
                    stream.find()

    def _look_for_the_listener(self) -> None:
        """Without its heartbeat nobody publishes: it is dead, or Redis takes no writes."""
        self._looked = time.monotonic()
        beats = bool(self._log.exists(signals.HEARTBEAT_KEY))
        if beats and self._listener_away.over(log):
            metrics.hub_found("listener")
        elif not beats and self._listener_away.fault(log, "heartbeat"):
            metrics.hub_lost("listener")
        with self._lock:
            if beats == self._listener_beats:
                return
            self._listener_beats = beats
            for tenant_id, ready in self._ready.items():
                for stream in self._streams[tenant_id] if ready.is_set() else ():
                    stream.find() if beats else stream.lose("listener")

    def _deliver(self, channel: bytes, message: bytes) -> None:
        try:
            signal = signals.Signal.parse(message)
        except ValueError as error:
            log.warning("no signal", channel=channel.decode(), error=str(error))  # another version's, amid a deploy
            return
        with self._lock:
            streams = list(self._streams.get(_tenant(channel), ()))
        metrics.HUB_SIGNALS.inc()
        metrics.DELIVERIES.inc(len(streams))
        for stream in streams:
            stream.signal(signal)

    def _lose(self) -> None:
        with self._lock:
            pubsub, self._pubsub = self._pubsub, None
            for ready in self._ready.values():
                ready.clear()
            for streams in self._streams.values():
                for stream in streams:
                    stream.lose("redis")
        if pubsub is not None:
            with contextlib.suppress(Exception):  # it is broken: how it says so does not matter
                pubsub.close()

    def _all(self) -> list[Stream]:
        with self._lock:
            return [stream for streams in self._streams.values() for stream in streams]


def _tenant(channel: bytes) -> int:
    return int(channel.rpartition(b":")[2])
