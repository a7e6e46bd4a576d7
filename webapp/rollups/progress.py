"""The progress of a rebuild: in its row, and as a signal of the topic `settings` to the users who manage its workspace.

Without Redis no signal is sent: the pages poll.
"""

from __future__ import annotations

import time
from typing import Any

import psycopg
import redis

from ..accounts.permissions import Permission
from ..events.topics import SETTINGS
from ..signals.role_notices import RoleNotices

# Between two reports.
INTERVAL_SECONDS = 0.5
_WRITE = "UPDATE rollup_rebuilds SET hours_done = %s, hours_total = %s WHERE tenant_id = %s"


announce = RoleNotices(
    SETTINGS, Permission.MANAGE_WORKSPACE, "rollups", "the page of the workspace is not refreshed"
).announce


class Progress:
    """Reports hours, at most once per INTERVAL_SECONDS, on a connection beside that of the rebuild's transaction."""

    def __init__(self, conn: psycopg.Connection[Any], client: redis.Redis, tenant_id: int) -> None:
        self._conn, self._client, self._tenant_id = conn, client, tenant_id
        self._next_at = 0.0

    def __call__(self, done: int, total: int) -> None:
        if time.monotonic() < self._next_at and done < total:
            return
        self._next_at = time.monotonic() + INTERVAL_SECONDS
        self._conn.execute(_WRITE, [done, total, self._tenant_id])
        announce(self._conn, self._client, self._tenant_id)
