"""The notice that an upload changed: a signal of the topic `uploads` to the managers of its tenant.

A worker announces its progress once per second. Without Redis no notice is sent: the pages poll.
"""

from __future__ import annotations

from typing import Any

import psycopg
import redis
from psycopg.rows import tuple_row

from ..events.topics import UPLOADS
from ..observability import logs
from ..observability.incidents import Incident
from ..signals import publisher

_MANAGERS = "SELECT id FROM users WHERE tenant_id = %s AND role = 'manager' AND disabled_at IS NULL ORDER BY id"

log = logs.get("uploads")
_unsent = Incident("redis", "the pages of imports are not refreshed")


def announce(conn: psycopg.Connection[Any], client: redis.Redis, tenant_id: int) -> None:
    """Announce a committed change. Raises psycopg.Error."""
    managers = [row[0] for row in conn.cursor(row_factory=tuple_row).execute(_MANAGERS, [tenant_id])]
    try:
        publisher.publish(client, tenant_id, {}, dict.fromkeys(managers, (UPLOADS,)))
        _unsent.over(log)
    except redis.RedisError as error:
        _unsent.fault(log, "notice", error)
