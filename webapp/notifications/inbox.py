"""Announces a change of a user's inbox to the user's other pages."""

from __future__ import annotations

import redis

from .. import redis_client
from ..events.topics import INBOX
from ..observability import logs
from ..observability.incidents import Incident
from ..signals import publisher

log = logs.get("notifications")
_unsent = Incident("redis", "inbox signals are not sent")


def publish_inbox(tenant_id: int, user_id: int) -> None:
    """Tell a user's other tabs that the inbox changed. Without Redis they see it at their next refetch."""
    try:
        publisher.publish(redis_client.client(), tenant_id, {}, {user_id: [INBOX]})
    except redis.RedisError as error:
        _unsent.fault(log, "inbox", error)
    else:
        _unsent.over(log)
