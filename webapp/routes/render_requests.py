"""Requests to the render scheduler: a key, topics, and the time at which a render expires."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import datetime, timedelta

from ..models import Tenant
from ..panels.groups import PanelGroup
from ..panels.registry import Panel
from ..panels.render import RenderRequest
from ..queries.day import today

MINUTE = timedelta(minutes=1)
# The key in the WSGI environ of the jobs that the fast path has opened for this request.
RESERVED = "doorbell.reserved"


def render_request(
    key: Hashable,
    panel: Panel | PanelGroup,
    tenant: Tenant,
    now: datetime,
    round_seconds: float,
    first_paint: bool = False,
) -> RenderRequest:
    ends = _ends(tenant, now, panel.moves)
    return RenderRequest(key, panel.topics, panel.max_age, ends, first_paint, tenant.id, round_seconds)


def _ends(tenant: Tenant, now: datetime, moves: bool) -> float:
    """When a render of `now` expires without a signal: at the tenant's midnight, or at the next minute if it `moves`."""
    midnight = today(tenant.timezone, now).end
    next_minute = now.replace(second=0, microsecond=0) + MINUTE
    return (min(midnight, next_minute) if moves else midnight).timestamp()
