"""Marks notifications as read, and signals the change to the user's open pages."""

from __future__ import annotations

import redis
from sqlalchemy import func, update

from ..db import db
from ..events.topics import INBOX
from ..models import Notification, User
from ..observability import logs
from ..observability.incidents import Incident
from ..signals import publisher

log = logs.get("notifications")
_unsent = Incident("redis", "inbox signals are not sent")


def mark_read(client: redis.Redis, user: User, notification_id: int | None = None) -> None:
    """Mark one of the user's notifications as read, or all of them, and commit.

    The notification of another user, or one that was read before, is left as it is.
    """
    tenant_id, user_id = user.tenant_id, user.id
    mine = update(Notification).where(
        Notification.tenant_id == tenant_id, Notification.user_id == user_id, Notification.read_at.is_(None)
    )
    if notification_id is not None:
        mine = mine.where(Notification.id == notification_id)
    db.session.execute(mine.values(read_at=func.now()))
    db.session.commit()
    publish_inbox(client, tenant_id, user_id)


def publish_inbox(client: redis.Redis, tenant_id: int, user_id: int) -> None:
    """Signal to a user's open pages that the inbox changed. Without Redis they show it at their next refetch."""
    try:
        publisher.publish(client, tenant_id, {}, {user_id: [INBOX]})
    except redis.RedisError as error:
        _unsent.fault(log, "inbox", error)
    else:
        _unsent.over(log)
