"""Notices to some users of a tenant: a signal of one topic that reaches the streams of users with a permission only."""

from __future__ import annotations

from typing import Any

import psycopg
import redis
from psycopg.rows import tuple_row

from ..accounts.permissions import Permission, roles_with
from ..observability import logs
from ..observability.incidents import Incident
from . import publisher

_USERS = "SELECT id FROM users WHERE tenant_id = %s AND role = ANY(%s) AND disabled_at IS NULL ORDER BY id"


class RoleNotices:
    """The notices of one topic, to users with the permission. Without Redis none is sent: the pages poll.

    `effect` is what the log then says.
    """

    def __init__(self, topic: str, permission: Permission, logger: str, effect: str) -> None:
        self._topic, self._roles, self._log = topic, list(roles_with(permission)), logs.get(logger)
        self._unsent = Incident("redis", effect)

    def announce(self, conn: psycopg.Connection[Any], client: redis.Redis, tenant_id: int) -> None:
        """Announce a committed change. A deleted tenant has no users, and gets no new log. Raises psycopg.Error."""
        users = [row[0] for row in conn.cursor(row_factory=tuple_row).execute(_USERS, [tenant_id, self._roles])]
        if not users:
            return
        try:
            publisher.publish(client, tenant_id, {}, dict.fromkeys(users, (self._topic,)))
            self._unsent.over(self._log)
        except redis.RedisError as error:
            self._unsent.fault(self._log, "notice", error)
