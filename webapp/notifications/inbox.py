"""Marks notifications as read, and signals the change to the user's open pages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import redis
from sqlalchemy import text

from ..db import db
from ..events.topics import INBOX
from ..models import User
from ..observability import logs
from ..observability.incidents import Incident
from ..queries.inbox_page import InboxFilter
from ..signals import publisher

EVERY_ITEM = InboxFilter()

log = logs.get("notifications")
_unsent = Incident("redis", "inbox signals are not sent")


def mark_read(
    client: redis.Redis,
    user: User,
    wanted: InboxFilter = EVERY_ITEM,
    *,
    ids: Sequence[int] | None = None,
    newest: int | None = None,
) -> None:
    """Mark the user's notifications of the filter as read, and commit.

    With `ids` only those, with `newest` only those up to this id: a page does not mark what it did not show.
    The notification of another user, or one that was read before, is left as it is.
    """
    tenant_id, user_id = user.tenant_id, user.id
    conditions = [wanted.condition("n"), "n.read_at IS NULL"]
    values: dict[str, Any] = {"tenant": tenant_id, "user": user_id} | wanted.values
    if ids is not None:
        conditions.append("n.id = ANY (:ids)")
        values["ids"] = list(ids)
    if newest is not None:
        conditions.append("n.id <= :newest")
        values["newest"] = newest
    statement = f"UPDATE notifications n SET read_at = now() WHERE {' AND '.join(conditions)}"  # noqa: S608 - our constants
    db.session.execute(text(statement), values)
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
