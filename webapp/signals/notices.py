"""Notices: messages to all web processes beside the signals. A notice is only a hint to read PostgreSQL.

Notices use the channel of a tenant that does not exist, to which every hub subscribes. A forged notice costs at most one query.
"""

from __future__ import annotations

import re

import redis

from ..events.topics import RESYNC
from ..observability import logs
from ..observability.incidents import Incident
from . import publisher

NO_TENANT = 0  # no tenant has this id
SESSIONS = b"sessions"  # some sessions ended
_TENANT = re.compile(rb"tenant ([1-9][0-9]{0,17})")  # one of its settings

log = logs.get("notices")
_unsent = Incident("redis", "other processes detect ended sessions some seconds later")


def sessions_ended(client: redis.Redis) -> bool:
    """Whether the notice was sent. Without Redis the other processes check on a timer (streams/ended_elsewhere.py)."""
    return _send(client, SESSIONS)


def tenant_changed(client: redis.Redis, tenant_id: int) -> bool:
    """Announce new settings of a tenant: its users are read again, then its open pages refetch all. False without Redis.

    Each process receives both in this order, so no page refetches with the old settings.
    """
    if not _send(client, b"tenant %d" % tenant_id):
        return False
    try:
        publisher.publish(client, tenant_id, {RESYNC: None})
    except redis.RedisError as error:
        _unsent.fault(log, "signal", error)
        return False
    return True


def changed_tenant(notice: bytes) -> int | None:
    """The tenant that `notice` names; None for any other notice."""
    found = _TENANT.fullmatch(notice)
    return int(found[1]) if found else None


def _send(client: redis.Redis, notice: bytes) -> bool:
    try:
        client.publish(publisher.channel(NO_TENANT), notice)
    except redis.RedisError as error:
        _unsent.fault(log, "notice", error)
        return False
    _unsent.over(log)
    return True
