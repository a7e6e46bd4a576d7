"""The notice that targets changed: a signal that makes all boards of the company refetch their figures."""

from __future__ import annotations

import redis

from ..events.topics import REVENUE
from ..observability import logs
from ..signals import publisher

log = logs.get("targets")


def announce(client: redis.Redis, tenant_id: int) -> None:
    """Announce a committed change. Without Redis the boards show it within a minute."""
    try:
        publisher.publish(client, tenant_id, {REVENUE: None})
    except redis.RedisError as error:
        log.warning("sent no signal of changed targets", tenant=tenant_id, error=str(error))
