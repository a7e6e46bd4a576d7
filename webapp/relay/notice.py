"""The notice that a destination changed: a signal of the topic `relay` to the managers that see the destination.

At most one per second and tenant. A change within that second is announced at its end, so that the pages show the last state.
"""

from __future__ import annotations

import threading
from typing import Any

import psycopg
import redis
from psycopg.rows import tuple_row

from ..events.topics import RELAY
from ..observability import logs
from ..observability.incidents import Incident
from ..signals import publisher

INTERVAL_MS = 1000
KEY = "doorbell:relay:notice:{}"

# A destination of all tenants is shown only where there is one tenant (destinations.visible).
_MANAGERS = """
SELECT u.tenant_id, array_agg(u.id ORDER BY u.id) FROM users u
WHERE u.role = 'manager' AND u.disabled_at IS NULL AND CASE WHEN %(tenant)s::bigint IS NULL
    THEN NOT EXISTS (SELECT FROM tenants t WHERE t.id <> u.tenant_id) ELSE u.tenant_id = %(tenant)s END
GROUP BY u.tenant_id
"""

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
        rows = conn.cursor(row_factory=tuple_row).execute(_MANAGERS, {"tenant": tenant_id}).fetchall()
        for tenant, managers in rows:
            self._announce(tenant, managers)

    def close(self) -> None:
        """Drop the notices that wait."""
        with self._lock:
            for timer in self._timers.values():
                timer.cancel()
            self._timers.clear()

    def _announce(self, tenant_id: int, managers: list[int]) -> None:
        with self._lock:
            if tenant_id in self._timers:
                return
            wait_ms = self._send(tenant_id, managers)
            if wait_ms:
                timer = threading.Timer(wait_ms / 1000, self._late, (tenant_id, managers))
                timer.daemon = True
                self._timers[tenant_id] = timer
                timer.start()

    def _late(self, tenant_id: int, managers: list[int]) -> None:
        with self._lock:
            self._timers.pop(tenant_id, None)
            # Another process that has sent a notice since has announced this change too.
            self._send(tenant_id, managers)

    def _send(self, tenant_id: int, managers: list[int]) -> int:
        """Publish, unless a notice was published within INTERVAL_MS. Returns the milliseconds to wait, 0 when it is done."""
        key = KEY.format(tenant_id)
        try:
            if self._client.set(key, "1", nx=True, px=INTERVAL_MS):
                publisher.publish(self._client, tenant_id, {}, dict.fromkeys(managers, (RELAY,)))
                self._unsent.over(log)
                return 0
            return max(1, self._client.pttl(key))
        except redis.RedisError as error:
            self._unsent.fault(log, "notice", error)
            return 0
