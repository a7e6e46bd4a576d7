"""The hub: all open streams of this process, fed by its one Redis subscription (streams/subscription.py).

When that is lost, or no listener is there to publish, it says `away` to its streams, so that the pages poll instead of
showing old numbers as live; `resync` when it is back. Under gunicorn's gevent worker all threads here are greenlets.
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
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
from .capacity import max_streams
from .ended_elsewhere import EndedElsewhere
from .revocation import Revocations
from .socket_stream import Sockets
from .subscription import Subscription
from .tenant_streams import TenantStreams
from .timers import StreamTimers
from .unreadable_messages import UnreadableMessages

SUBSCRIBE_SECONDS = 2.0  # how long a new stream waits for its subscription before it opens with `away`
FINISH_SECONDS = 2.0  # for frames half out, when the process stops

log = logs.get("hub")


class StreamRefused(Exception):
    """No stream: `frame` is all that the page is told."""

    def __init__(self, frame: bytes) -> None:
        super().__init__()
        self.frame = frame


class Hub:
    """`open` feeds a stream until `close`. Nothing runs and nothing connects before the first `open`."""

    def __init__(self, config: Config, rights: Revocations) -> None:
        self._config, self._rights = config, rights
        self._log = redis_client.connect(config.redis_url)
        self._lock = threading.RLock()
        self._audiences: dict[int, TenantStreams] = {}
        self._of_user: Counter[int] = Counter()
        self._subscription = Subscription(config.redis_url, self._log, self, self._lock)
        self._rounds = StreamTimers(config.stream_seconds, self.close, self._each_tick, self._end_without_rights)
        self._ended_lately = EndedElsewhere(self._end_what_ended_lately)
        self._sockets: Sockets | None = None
        self._stopping = False
        self._stopped = threading.Event()

    def sockets(self) -> Sockets:
        """For streams that are written straight to their sockets; made with the first of them."""
        if self._sockets is None:
            self._sockets = Sockets(self.close)
        return self._sockets

    def open(self, stream: Stream, since: int | None, again: bool = False) -> None:
        """From now on `stream` is fed, and all that was missed after `since` is dirty: exactly that, or `resync` where it is
        not known. `again` where its page has had a stream before. Raises Refused when there is no room."""
        audience = self._watch(stream)
        audience.ready.wait(SUBSCRIBE_SECONDS)  # subscribed first, then what was missed is read: no gap between them
        with self._lock:
            if not audience.ready.is_set() or not self._subscription.listener_beats:
                stream.lose("listener" if audience.ready.is_set() else "redis")
                return
        try:
            stream.seq, missed, kind = resume.missed(audience.recent, self._log, stream.tenant_id, since)
        except (redis.RedisError, ValueError):
            missed, kind = None, resume.RESYNC  # not known
        metrics.RESUMES.labels(kind if again or missed is None else resume.FRESH).inc()
        if missed is None:
            stream.say(RESYNC, "gap")
        for signal in missed or ():
            stream.fold(signal)

    def close(self, stream: Stream, cause: str) -> None:
        """End it, of one of metrics.DROP_CAUSES. Of a stream that has ended before, the first cause counts."""
        stream.end(now=cause in ("hangup", "stuck"))
        with self._lock:
            audience = self._audiences.get(stream.tenant_id)
            if audience is None or stream not in audience.streams:
                return
            audience.remove(stream)
            self._of_user[stream.user_id] -= 1
            if not self._of_user[stream.user_id]:
                del self._of_user[stream.user_id]
            metrics.DROPS.labels(cause).inc()
            if not audience.streams:
                del self._audiences[stream.tenant_id]
                self._subscription.send("unsubscribe", stream.tenant_id)

    def close_all(self, spread_seconds: float) -> None:
        """End every stream, one by one over `spread_seconds`: their pages reconnect elsewhere, not all in one instant. Called
        again while that goes on, it waits for the end. No stream opens after it."""
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
        return sum(len(audience.streams) for audience in self._audiences.values())

    def _watch(self, stream: Stream) -> TenantStreams:
        with self._lock:
            self._let_in(stream.user_id)
            audience = self._audiences.get(stream.tenant_id)
            new = audience is None
            if audience is None:
                audience = self._audiences[stream.tenant_id] = self._new_audience(stream.tenant_id)
            audience.add(stream)
            self._of_user[stream.user_id] += 1
            if new:
                self._subscription.send("subscribe", stream.tenant_id)
        self._subscription.start()
        self._rounds.add(stream)
        self._ended_lately.start()
        return audience

    def _new_audience(self, tenant_id: int) -> TenantStreams:
        def begin_anew() -> None:
            with self._lock:
                audience.begin_anew()

        audience = TenantStreams(self._deliver, UnreadableMessages(tenant_id, begin_anew))
        return audience

    def _let_in(self, user_id: int) -> None:
        if self._stopping:
            raise StreamRefused(sse.elsewhere())
        if self._of_user[user_id] >= self._config.streams_per_user:
            why = "user"
        elif self._of_user.total() >= max_streams(self._config.streams_per_process):
            why = "process"
        else:
            return
        metrics.DROPS.labels("full").inc()
        raise StreamRefused(sse.full(why))

    # What the subscription tells

    def watched(self) -> Iterable[int]:
        return list(self._audiences)

    def subscribed(self, tenant_id: int) -> None:
        with self._lock:
            audience = self._audiences.get(tenant_id)
            if audience is None:
                return
            audience.recent = resume.RecentSignals()  # what came before may have a gap
            audience.ready.set()
            if self._subscription.listener_beats:
                for stream in list(audience.streams):
                    stream.find()

    def received(self, tenant_id: int, message: bytes) -> None:
        if tenant_id == notices.NO_TENANT:
            self._noticed(message)
            return
        try:
            signal = Signal.parse(message)
        except ValueError as error:
            if (audience := self._audiences.get(tenant_id)) is not None:
                audience.misread.message(error)
            return
        metrics.HUB_SIGNALS.inc()
        with self._lock:
            audience = self._audiences.get(tenant_id)
            if audience is None:
                return
            audience.misread.over()
            if not audience.recent.add(signal.seq, message):
                audience.begin_anew()  # the seq fell: this Redis has forgotten its log, and perhaps signals never heard
                audience.recent.add(signal.seq, message)
        audience.hear(signal)

    def _noticed(self, notice: bytes) -> None:
        if notice == notices.SESSIONS:
            self._ended_lately.notice()
        elif (tenant_id := notices.changed_tenant(notice)) is not None:
            self._rights.tenant_changed(tenant_id)

    def _deliver(self, message: sse.Message, streams: Sequence[Stream]) -> None:
        if self._sockets is not None:
            self._sockets.deliver(message, streams)
            return
        for stream in streams:
            stream.deliver(message)

    def unsubscribed(self) -> None:
        with self._lock:
            for audience in self._audiences.values():
                audience.ready.clear()
                audience.forget()
            for stream in self._all():
                stream.lose("redis")

    def listener(self, beats: bool) -> None:
        with self._lock:
            ready = [audience for audience in self._audiences.values() if audience.ready.is_set()]
            for audience in ready:
                if not beats:
                    audience.forget()
                for stream in list(audience.streams):
                    stream.find() if beats else stream.lose("listener")

    # The rounds

    def _each_tick(self) -> None:
        if self._sockets is not None:
            self._sockets.drop_stuck()
            self._sockets.count()

    def _end_without_rights(self) -> None:
        for stream, cause in self._rights.ended(self._all()):
            self.close(stream, cause)  # its page reconnects, and is told to sign in

    def _end_what_ended_lately(self) -> None:
        lately = self._rights.lately()
        for stream in self._all() if lately else ():
            if cause := lately.cause(stream):
                self.close(stream, cause)

    def end_session(self, session_id: str) -> None:
        """It was signed out in this process, so its streams need not wait for a look."""
        for stream in self._all():
            if stream.session is not None and stream.session.id == session_id:
                self.close(stream, "session")

    def _all(self) -> list[Stream]:
        with self._lock:
            return [stream for audience in self._audiences.values() for stream in audience.streams]
