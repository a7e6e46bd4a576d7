"""Notices: messages to all web processes beside the signals. A notice is only a hint to read PostgreSQL.

Notices use the channel of a tenant that does not exist, to which every hub subscribes. A forged notice costs at most one query.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import redis

from ..events.topics import RELOAD, RESYNC
from ..observability import logs
from ..observability.incidents import Incident
from . import publisher

NO_TENANT = 0  # no tenant has this id
SESSIONS = b"sessions"  # some sessions ended
_TENANT = re.compile(rb"tenant ([1-9][0-9]{0,17})")  # one of its settings
_USER = re.compile(rb"user ([1-9][0-9]{0,17})")  # one of the user's settings

log = logs.get("notices")
_unsent = Incident("redis", "other processes detect ended sessions some seconds later")


def sessions_ended(client: redis.Redis) -> bool:
    """Whether the notice was sent. Without Redis the other processes check on a timer (streams/ended_elsewhere.py)."""
    return _send(client, SESSIONS)


def tenant_changed(client: redis.Redis, tenant_id: int, *, reloads: bool = False) -> bool:
    """Announce new settings of a tenant: its users are read again, then its open pages refetch all. False without Redis.

    Each process receives both in this order, so no page refetches with the old settings. With `reloads` the pages load again,
    as a new zone or locale needs, which are in parts of pages that are not refetched.
    """
    topics = {RESYNC: None, RELOAD: None} if reloads else {RESYNC: None}
    return _send(client, b"tenant %d" % tenant_id) and _publish(client, tenant_id, topics)


def user_changed(client: redis.Redis, tenant_id: int, user_id: int, *, reloads: bool = True) -> bool:
    """Announce new settings of a user, who is read again. With `reloads` the user's open pages load again.

    False without Redis.
    """
    if not _send(client, b"user %d" % user_id):
        return False
    return not reloads or _publish(client, tenant_id, {}, {user_id: [RELOAD]})


def changed_tenant(notice: bytes) -> int | None:
    """The tenant that `notice` names; None for any other notice."""
    found = _TENANT.fullmatch(notice)
    return int(found[1]) if found else None


def changed_user(notice: bytes) -> int | None:
    """The user that `notice` names; None for any other notice."""
    found = _USER.fullmatch(notice)
    return int(found[1]) if found else None


def _publish(
    client: redis.Redis, tenant_id: int, topics: Mapping[str, None], users: Mapping[int, Sequence[str]] | None = None
) -> bool:
    try:
        publisher.publish(client, tenant_id, topics, users)
    except redis.RedisError as error:
        _unsent.fault(log, "signal", error)
        return False
    return True


def _send(client: redis.Redis, notice: bytes) -> bool:
    try:
        client.publish(publisher.channel(NO_TENANT), notice)
    except redis.RedisError as error:
        _unsent.fault(log, "notice", error)
        return False
    _unsent.over(log)
    return True
