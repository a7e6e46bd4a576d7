"""Notices to the managers of a tenant: a signal of one topic that reaches their streams only."""

from __future__ import annotations

from typing import Any

import psycopg
import redis
from psycopg.rows import tuple_row

from ..observability import logs
from ..observability.incidents import Incident
from . import publisher

_MANAGERS = "SELECT id FROM users WHERE tenant_id = %s AND role = 'manager' AND disabled_at IS NULL ORDER BY id"


class ManagerNotices:
    """The notices of one topic. Without Redis none is sent: the pages poll. `effect` is what the log then says."""

    def __init__(self, topic: str, logger: str, effect: str) -> None:
        self._topic, self._log = topic, logs.get(logger)
        self._unsent = Incident("redis", effect)

    def announce(self, conn: psycopg.Connection[Any], client: redis.Redis, tenant_id: int) -> None:
        """Announce a committed change. Raises psycopg.Error."""
        managers = [row[0] for row in conn.cursor(row_factory=tuple_row).execute(_MANAGERS, [tenant_id])]
        try:
            publisher.publish(client, tenant_id, {}, dict.fromkeys(managers, (self._topic,)))
            self._unsent.over(self._log)
        except redis.RedisError as error:
            self._unsent.fault(self._log, "notice", error)
