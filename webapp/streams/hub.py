"""The hub: all open streams of this process, fed by its one Redis subscription (streams/subscription.py).

When the subscription is lost, or there is no listener to publish, it sends `away`, and `resync` afterwards. Between the two the
pages poll, instead of showing old numbers as live. Under gunicorn's gevent worker all threads here are greenlets.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterable, Sequence

import redis

from .. import redis_client
from ..config import Config
from ..events.topics import RESYNC
from ..observability import logs
from ..observability.metrics import web as metrics
from ..signals import notices
from ..signals.signal import Signal
from . import resume, sse
from .base import Stream
from .capacity import Capacity, StreamRefused
from .ended_elsewhere import EndedElsewhere
from .revocation import Revocations
from .socket_stream import Sockets
from .subscription import Subscription
from .tenant_streams import TenantStreams
from .timers import StreamTimers
from .unreadable_messages import UnreadableMessages

SUBSCRIBE_SECONDS = 2.0  # then the stream opens with `away`
FINISH_SECONDS = 2.0  # for partly written frames, at shutdown

log = logs.get("hub")


class Hub:
    """Feeds each stream from `open` until `close`. Nothing runs and nothing connects before `start` or the first `open`."""

    def __init__(self, config: Config, revocations: Revocations) -> None:
        self._revocations = revocations
        self._log = redis_client.connect(config.redis_url)
        self._lock = threading.RLock()
        self._tenants: dict[int, TenantStreams] = {}
        self._capacity = Capacity(config.streams_per_user, config.streams_per_tenant, config.streams_per_process)
        self._subscription = Subscription(config.redis_url, self._log, self, self._lock)
        self._timers = StreamTimers(config.stream_max_seconds, self.close, self._each_tick, self._close_revoked)
        self._ended_elsewhere = EndedElsewhere(revocations, self._all, self.close)
        self._sockets: Sockets | None = None
        self._stopping = False
        self._stopped = threading.Event()

    def start(self) -> None:
        """Subscribe before the first stream opens.

        Thousands of pages may wait for a new process. With the connection still to be made among them, their streams would open
        with `away`, and resync.
        """
        self._subscription.start()

    def sockets(self) -> Sockets:
        """For streams that are written straight to their sockets; made with the first of them."""
        if self._sockets is None:
            self._sockets = Sockets(self.close)
        return self._sockets

    def open(self, stream: Stream, since: int | None, reconnect: bool = False) -> None:
        """Register `stream` for its tenant's signals and queue those missed after `since`, or a `resync` if they are unknown.

        `reconnect`: its page has had a stream before. Raises StreamRefused when there is no capacity.
        """
        tenant = self._register(stream)
        tenant.ready.wait(SUBSCRIBE_SECONDS)  # before the replay: no gap between
        with self._lock:
            if not tenant.ready.is_set() or not self._subscription.listener_alive:
                stream.mark_disconnected("listener" if tenant.ready.is_set() else "redis")
                return
        try:
            replay = resume.replay(tenant.recent, self._log, stream.tenant_id, since)
        except (redis.RedisError, ValueError):
            replay = resume.Replay(stream.seq, None, resume.RESYNC)
        stream.seq = replay.seq
        metrics.RESUMES_BY_KIND[replay.source if reconnect or replay.missed is None else resume.FRESH].inc()
        if replay.missed is None:
            stream.send_control(RESYNC, "gap")
        elif replay.missed.seq:
            stream.coalesce(replay.missed)

    def close(self, stream: Stream, cause: str) -> None:
        """End the stream and count its `cause`, one of metrics.DROP_CAUSES; a second call counts nothing."""
        stream.end(now=cause in ("hangup", "stuck"))
        with self._lock:
            tenant = self._tenants.get(stream.tenant_id)
            if tenant is None or stream not in tenant.streams:
                return
            tenant.remove(stream)
            self._capacity.remove(stream.tenant_id, stream.user_id)
            metrics.DROPS.labels(cause).inc()
            if not tenant.streams:
                del self._tenants[stream.tenant_id]
                self._subscription.send("unsubscribe", stream.tenant_id)

    def close_all(self, spread_seconds: float) -> None:
        """End all streams, one by one over `spread_seconds`, so that their pages do not reconnect at the same moment.

        No stream opens after it. A second call waits for the end of the first.
        """
        if self._stopping:
            self._stopped.wait()
            return
        self._stopping = True
        streams = self._all()
        random.shuffle(streams)
        began = time.monotonic()
        for n, stream in enumerate(streams):
            time.sleep(max(0.0, began + spread_seconds * n / len(streams) - time.monotonic()))
            self.close(stream, "stop")
        deadline = time.monotonic() + FINISH_SECONDS
        while self._sockets and time.monotonic() < deadline:
            time.sleep(0.01)
        if self._sockets is not None:
            self._sockets.drop_all()
        self._stopped.set()

    def count(self) -> int:
        return sum(len(tenant.streams) for tenant in self._tenants.values())

    def session_ids(self) -> list[str]:
        """The ids of the sessions with an open stream in this process."""
        return [stream.session.id for stream in self._all() if stream.session]

    def viewers(self, tenant_id: int) -> int:
        """The number of the tenant's streams in this process."""
        tenant = self._tenants.get(tenant_id)
        return len(tenant.streams) if tenant is not None else 0

    def _register(self, stream: Stream) -> TenantStreams:
        with self._lock:
            self._check_capacity(stream)
            tenant = self._tenants.get(stream.tenant_id)
            new = tenant is None
            if tenant is None:
                tenant = self._tenants[stream.tenant_id] = self._new_tenant(stream.tenant_id)
            tenant.add(stream)
            self._capacity.add(stream.tenant_id, stream.user_id)
            if new:
                self._subscription.send("subscribe", stream.tenant_id)
        self._subscription.start()
        self._timers.add(stream)
        self._ended_elsewhere.start()
        return tenant

    def _new_tenant(self, tenant_id: int) -> TenantStreams:
        def resync() -> None:
            with self._lock:
                tenant.resync()

        tenant = TenantStreams(self._deliver, UnreadableMessages(tenant_id, resync))
        return tenant

    def _check_capacity(self, stream: Stream) -> None:
        if self._stopping:
            raise StreamRefused(sse.retry_only())
        if limit := self._capacity.reached(stream.tenant_id, stream.user_id):
            metrics.DROPS.labels("full").inc()
            raise StreamRefused(sse.full(limit))

    # Callbacks of the subscription

    def tenant_ids(self) -> Iterable[int]:
        return list(self._tenants)

    def on_subscribed(self, tenant_id: int) -> None:
        with self._lock:
            tenant = self._tenants.get(tenant_id)
            if tenant is None:
                return
            tenant.recent = resume.RecentSignals()  # the old one may have gaps
            tenant.ready.set()
            if self._subscription.listener_alive:
                for stream in list(tenant.streams):
                    stream.mark_reconnected()

    def on_message(self, tenant_id: int, message: bytes) -> None:
        if tenant_id == notices.NO_TENANT:
            self._on_notice(message)
            return
        try:
            signal = Signal.parse(message)
        except ValueError as error:
            if (tenant := self._tenants.get(tenant_id)) is not None:
                tenant.unreadable.message(error)
            return
        metrics.HUB_SIGNALS.inc()
        with self._lock:
            tenant = self._tenants.get(tenant_id)
            if tenant is None:
                return
            tenant.unreadable.over()
            if not tenant.recent.add(signal.seq, message):
                # The seq fell: Redis lost its log, and perhaps signals that never arrived here.
                tenant.resync()
                tenant.recent.add(signal.seq, message)
        tenant.publish(signal)

    def on_unsubscribed(self) -> None:
        with self._lock:
            for tenant in self._tenants.values():
                tenant.ready.clear()
                tenant.discard_pending()
            for stream in self._all():
                stream.mark_disconnected("redis")

    def on_listener_alive(self, alive: bool) -> None:
        with self._lock:
            ready = [tenant for tenant in self._tenants.values() if tenant.ready.is_set()]
            for tenant in ready:
                if not alive:
                    tenant.discard_pending()
                for stream in list(tenant.streams):
                    if alive:
                        stream.mark_reconnected()
                    else:
                        stream.mark_disconnected("listener")

    def _on_notice(self, notice: bytes) -> None:
        if notice == notices.SESSIONS:
            self._ended_elsewhere.notice()
        elif (tenant_id := notices.changed_tenant(notice)) is not None:
            self._revocations.tenant_changed(tenant_id)
        elif (user_id := notices.changed_user(notice)) is not None:
            self._revocations.user_changed(user_id)

    def _deliver(self, message: sse.SignalFrames, streams: Sequence[Stream]) -> None:
        if self._sockets is not None:
            self._sockets.deliver(message, streams)
            return
        for stream in streams:
            stream.deliver(message)

    # Timers and sessions that end

    def _each_tick(self) -> None:
        if self._sockets is not None:
            self._sockets.drop_stuck()
            self._sockets.count()

    def _close_revoked(self) -> None:
        for stream, cause in self._revocations.revoked(self._all()):
            self.close(stream, cause)  # its reconnect gets a 401

    def end_session(self, session_id: str) -> None:
        """Close the streams of a session that was signed out in this process, without waiting for a check."""
        for stream in self._all():
            if stream.session is not None and stream.session.id == session_id:
                self.close(stream, "session")

    def _all(self) -> list[Stream]:
        with self._lock:
            return [stream for tenant in self._tenants.values() for stream in tenant.streams]
