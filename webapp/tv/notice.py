"""The notice that a TV's options changed or its link was revoked: the TV takes them over at once."""

from __future__ import annotations

import redis

from ..events.topics import TV
from ..observability import logs
from ..signals import notices, publisher

log = logs.get("tv")


def announce(client: redis.Redis, tenant_id: int) -> None:
    """Announce a committed change. Without Redis the TVs find it within a minute."""
    try:
        publisher.publish(client, tenant_id, {TV: None})
    except redis.RedisError as error:
        log.warning("sent no signal of a changed TV", tenant=tenant_id, error=str(error))


def announce_revoked(client: redis.Redis, tenant_id: int) -> None:
    """The same for a revoked link, whose stream ends in all processes."""
    notices.sessions_ended(client)
    announce(client, tenant_id)
