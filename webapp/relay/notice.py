"""The notice that a destination changed: a signal of the topic `relay` to the managers that see the destination.

At most one per second and tenant. A change within that second is announced at its end, so that the pages show the last state.
The signal of a new notification (disabling.py) has the topic `inbox` and never waits.
"""

from __future__ import annotations

import secrets
import threading
from typing import Any, cast

import psycopg
import redis
from psycopg.rows import tuple_row

from ..events.topics import INBOX, RELAY
from ..observability import logs
from ..observability.incidents import Incident
from ..signals import publisher
from .managers import SEE_DESTINATION

INTERVAL_MS = 1000
KEY = "doorbell:relay:notice:{}"

_MANAGERS = f"""
SELECT u.tenant_id, array_agg(u.id ORDER BY u.id) FROM users u WHERE {SEE_DESTINATION} GROUP BY u.tenant_id
"""  # noqa: S608 - only our constants

log = logs.get("relay")


class RelayNotices:
    """Publishes notices. Threads may share it. Without Redis no notice is sent: the pages poll."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client
        self._lock = threading.Lock()
        self._timers: dict[int, threading.Timer] = {}
        self._unsent = Incident("redis", "the relay's pages are not refreshed")

    def changed(self, conn: psycopg.Connection[Any], tenant_id: int | None) -> None:
        """Announce a committed change of a destination of this tenant, or of all tenants. Raises psycopg.Error."""
        for tenant, managers in _managers(conn, tenant_id):
            self._announce(tenant, managers)

    def notified(self, conn: psycopg.Connection[Any], tenant_id: int | None) -> None:
        """Signal committed notifications of a destination of this tenant, or of all tenants. Raises psycopg.Error."""
        for tenant, managers in _managers(conn, tenant_id):
            try:
                publisher.publish(self._client, tenant, {}, dict.fromkeys(managers, (INBOX,)))
            except redis.RedisError as error:
                self._unsent.fault(log, "inbox", error)

    def flush(self) -> None:
        """Wait for the notices that wait, about INTERVAL_MS: for a process that ends now."""
        while timers := self._waiting():
            for timer in timers:
                timer.join()

    def close(self) -> None:
        """Drop the notices that wait."""
        with self._lock:
            for timer in self._timers.values():
                timer.cancel()
            self._timers.clear()

    def _waiting(self) -> list[threading.Timer]:
        with self._lock:
            return list(self._timers.values())

    def _announce(self, tenant_id: int, managers: list[int]) -> None:
        with self._lock:
            if tenant_id not in self._timers:
                self._send_or_wait(tenant_id, managers, after=None)

    def _late(self, tenant_id: int, managers: list[int], after: bytes) -> None:
        with self._lock:
            if self._timers.pop(tenant_id, None):
                self._send_or_wait(tenant_id, managers, after)

    def _send_or_wait(self, tenant_id: int, managers: list[int], after: bytes | None) -> None:
        """Publish, or wait while a notice is younger than INTERVAL_MS.

        `after` is the notice that was waited for. Another in its place is another process's, and announced this change too.
        """
        try:
            last = self._send(tenant_id, managers)
            if last is None or after not in (None, last):
                return
            # Redis has a clock of its own: the timer may come before the end of `last`, which is then waited for once more.
            wait_ms = max(1, self._client.pttl(KEY.format(tenant_id)))
        except redis.RedisError as error:
            self._unsent.fault(log, "notice", error)
            return
        timer = threading.Timer(wait_ms / 1000, self._late, (tenant_id, managers, last))
        timer.daemon = True
        self._timers[tenant_id] = timer
        timer.start()

    def _send(self, tenant_id: int, managers: list[int]) -> bytes | None:
        """Publish and return None, or return the notice that was published within INTERVAL_MS."""
        key = KEY.format(tenant_id)
        while not self._client.set(key, secrets.token_bytes(8), nx=True, px=INTERVAL_MS):
            if last := self._client.get(key):
                return cast(bytes, last)
        publisher.publish(self._client, tenant_id, {}, dict.fromkeys(managers, (RELAY,)))
        self._unsent.over(log)
        return None


def _managers(conn: psycopg.Connection[Any], tenant_id: int | None) -> list[tuple[int, list[int]]]:
    """The tenants with the ids of their managers that see a destination of this tenant, or of all tenants."""
    return conn.cursor(row_factory=tuple_row).execute(_MANAGERS, {"tenant": tenant_id}).fetchall()
