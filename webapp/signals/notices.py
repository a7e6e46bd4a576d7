"""Notices: what one process tells all web processes beside the signals. A notice is a hint; the truth is in PostgreSQL.

They go through the channel of a tenant that does not exist, which every hub subscribes to anyway. A notice that was made up
costs a query at most.
"""

from __future__ import annotations

import re

import redis

from ..observability import logs
from ..observability.incidents import Incident
from . import publisher

NO_TENANT = 0  # no tenant has this id
SESSIONS = b"sessions"  # sessions ended: look which
_TENANT = re.compile(rb"tenant ([1-9][0-9]{0,17})")  # its name, time zone, locale or currency changed

log = logs.get("notices")
_unsent = Incident("redis", "other processes notice ended sessions by themselves, some seconds later")


def sessions_ended(client: redis.Redis) -> bool:
    """Whether it was sent: without Redis the others look by themselves (streams/ended_elsewhere.py)."""
    return _send(client, SESSIONS)


def tenant_changed(client: redis.Redis, tenant_id: int) -> bool:
    return _send(client, b"tenant %d" % tenant_id)


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
