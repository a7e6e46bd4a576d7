"""The outlet of webhooks: events become deliveries when the cursor moves, and threads make the deliveries."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import UTC, datetime
from typing import Any

import psycopg

from ..config import Config
from ..observability import logs
from ..observability.metrics import relay as metrics
from ..outbox.diff import OutboxEvent
from ..webhooks.schedule import is_failing_too_long
from . import deliveries
from .deliveries import DEAD, DELIVERED, Attempt, Delivery
from .destinations import DISABLED, Destination
from .disabling import FAILING, GONE, Cause, disable
from .lease import Lease
from .message import Message
from .messages import messages_of
from .opening import secret_box
from .posting import WebhookPoster
from .replays import Replaying

# Requests at the same time, per webhook.
MAX_IN_FLIGHT = 16
# Attempts that the threads take next, so that they do not wait while outcomes are saved.
MAX_QUEUED = 16
# Due deliveries that are read at once.
READ_DELIVERIES = 100
# New events are looked for at least this often while deliveries are made.
TURN_SECONDS = 0.25

_DELIVERED = "sent = sent + %(sent)s, last_sent_at = now(), failing_since = NULL"
_FAILED = "failing_since = coalesce(failing_since, now()), last_error = %(error)s, last_error_at = now()"

log = logs.get("relay")


class WebhookOutlet:
    """Delivers the events of one webhook. relaying.Outlet describes the methods.

    Raises SecretsLocked and address.WrongAddress. After an error of the database it cannot be used any more.
    """

    def __init__(self, conn: psycopg.Connection[Any], lease: Lease, destination: Destination, config: Config) -> None:
        self._conn, self._lease = conn, lease
        self._box, self._allow = secret_box(config), config.webhook_allow
        self._poster = WebhookPoster(destination, self._box, self._allow)
        self._replaying = Replaying(conn, self._insert_replay)
        self._pool = ThreadPoolExecutor(MAX_IN_FLIGHT, thread_name_prefix="webhook")
        self._due: deque[Delivery] = deque()
        self._in_flight: dict[Future[Attempt], int] = {}
        self._not_before = 0.0
        self._is_disabled = False

    def handle(
        self,
        destination: Destination,
        events: Sequence[OutboxEvent],
        save: Callable[[int, int | None], None],
        _read_ahead: object,
    ) -> None:
        messages = messages_of(self._conn, events, destination.next_sequence, destination.incarnation)
        with self._conn.transaction():
            save(len(messages), None)
            deliveries.insert(self._conn, destination.id, messages)

    @property
    def is_sending(self) -> bool:
        """Deliveries are rows of their own, apart from pages."""
        return False

    def handle_others(self, destination: Destination) -> float | None:
        if destination.secrets != self._poster.made_for:
            self._poster = WebhookPoster(destination, self._box, self._allow)
        turn_ends = time.monotonic() + TURN_SECONDS
        while time.monotonic() < turn_ends and self._post_due(destination):
            self._record(destination, timeout=turn_ends - time.monotonic())
        # A manager may have paused the webhook meanwhile.
        self._due.clear()
        replay = self._replaying.send_some(destination)
        if self._in_flight:
            return 0.0
        waits = [replay, deliveries.seconds_to_next(self._conn, destination.id)]
        soonest = min((seconds for seconds in waits if seconds is not None), default=None)
        return None if soonest is None else max(soonest, self._not_before - time.monotonic())

    def finish(self, destination: Destination) -> None:
        self._cancel_queued()
        while self._in_flight:
            self._record(destination, timeout=None)

    def close(self) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _insert_replay(self, messages: Sequence[Message], save: Callable[[int, int], None]) -> None:
        with self._conn.transaction():
            self._lease.check(self._conn)
            save(len(messages), 0)
            deliveries.insert(self._conn, self._lease.destination_id, messages)

    def _post_due(self, destination: Destination) -> bool:
        """Start the attempts that are due; whether any attempt is in flight."""
        while self._may_start():
            if not self._due:
                found = deliveries.due(self._conn, destination.id, READ_DELIVERIES, self._in_flight.values())
                self._due.extend(found)
            if not self._due:
                break
            delivery = self._due.popleft()
            self._in_flight[self._pool.submit(self._poster.attempt, delivery)] = delivery.id
        return bool(self._in_flight)

    def _may_start(self) -> bool:
        is_free = len(self._in_flight) < MAX_IN_FLIGHT + MAX_QUEUED
        return is_free and not self._is_disabled and time.monotonic() >= self._not_before

    def _cancel_queued(self) -> None:
        """Take back the attempts that no thread has begun."""
        self._in_flight = {future: number for future, number in self._in_flight.items() if not future.cancel()}

    def _record(self, destination: Destination, timeout: float | None) -> None:
        """Save the attempts that end within `timeout` seconds; those still in flight follow later."""
        done, _ = wait(self._in_flight, timeout=timeout, return_when=FIRST_COMPLETED)
        for future in done:
            # Before the results, so that an error of one is raised once.
            del self._in_flight[future]
        attempts = [future.result() for future in done]
        if attempts:
            with self._conn.transaction():
                self._save(destination, attempts)

    def _save(self, destination: Destination, attempts: Sequence[Attempt]) -> None:
        failed = [attempt for attempt in attempts if attempt.state != DELIVERED]
        delivered = len(attempts) - len(failed)
        if delivered:
            self._lease.update(self._conn, _DELIVERED, {"sent": delivered})
        else:
            self._lease.update(self._conn, _FAILED, {"error": failed[-1].reason})
        deliveries.record(self._conn, attempts)
        metrics.SENT.labels(destination.name).inc(delivered)
        metrics.REFUSED.labels(destination.name).inc(sum(attempt.state == DEAD for attempt in failed))
        if pause := max(attempt.pause_seconds for attempt in attempts):
            self._not_before = max(self._not_before, time.monotonic() + pause)
            self._cancel_queued()
        if any(attempt.is_gone for attempt in failed):
            self._disable(destination, GONE, failed[-1].reason)
        elif not delivered and is_failing_too_long(destination.failing_since, datetime.now(UTC)):
            self._disable(destination, FAILING, failed[-1].reason)

    def _disable(self, destination: Destination, cause: Cause, error: str | None) -> None:
        """Once: attempts that are still in flight may have the same outcome. A resumed webhook gets a new outlet."""
        if self._is_disabled or destination.state == DISABLED:
            return
        self._is_disabled = True
        self._cancel_queued()
        disable(self._conn, self._lease, destination, cause, error)
        log.error("disabled a webhook", destination=destination.name, reason=cause.reason, resume="flask relay resume")
