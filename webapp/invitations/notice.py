"""The notice that users or invitations of a tenant changed: a signal of the topic `settings` to its admins."""

from __future__ import annotations

import redis
from sqlalchemy import select
from sqlalchemy.orm import Session

from ..accounts.permissions import Permission, roles_with
from ..db import db
from ..events.topics import SETTINGS
from ..models import User
from ..observability import logs
from ..observability.incidents import Incident
from ..signals import publisher

log = logs.get("invitations")
_unsent = Incident("redis", "the page of users is not refreshed")


def announce(client: redis.Redis, tenant_id: int) -> None:
    """Announce a committed change. Without Redis the pages poll."""
    admins = (User.role.in_(roles_with(Permission.MANAGE_USERS)), User.disabled_at.is_(None))
    with Session(db.engine) as reading:
        ids = reading.scalars(select(User.id).where(User.tenant_id == tenant_id, *admins)).all()
    try:
        publisher.publish(client, tenant_id, {}, dict.fromkeys(ids, (SETTINGS,)))
        _unsent.over(log)
    except redis.RedisError as error:
        _unsent.fault(log, "notice", error)
