"""A webhook is disabled by the relay itself: its state, the audit log, and the inboxes of the managers that see it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import psycopg

from ..language import N_
from . import audit
from .destinations import Destination
from .lease import Lease
from .managers import SEE_DESTINATION

_DISABLE = "state = 'disabled', state_reason = %(reason)s, state_at = now()"
_NOTIFY = f"""
INSERT INTO notifications (tenant_id, user_id, destination_id, destination, type, error)
SELECT u.tenant_id, u.id, %(id)s, %(name)s, %(type)s, %(error)s FROM users u WHERE {SEE_DESTINATION}
"""  # noqa: S608 - only our constants


@dataclass(frozen=True)
class Cause:
    """Why a webhook is disabled. `type` is that of the notifications, whose words are in components/inbox_items.html."""

    type: str
    reason: str


GONE = Cause("gone", N_("the endpoint answered 410 Gone: it wants no more webhooks"))
FAILING = Cause("failed", N_("every attempt has failed for 5 days"))


def disable(
    conn: psycopg.Connection[Any], lease: Lease, destination: Destination, cause: Cause, error: str | None
) -> None:
    """Disable an active webhook and notify its managers, in the caller's transaction. `error` is its last one, in words.

    Raises Fenced when the lease is lost.
    """
    lease.update(conn, _DISABLE, {"reason": cause.reason})
    audit.write(conn, destination, audit.WORKER, "disabled", cause.reason)
    values = {"id": destination.id, "name": destination.name, "tenant": destination.tenant_id}
    # The type `gone` names its error itself.
    conn.execute(_NOTIFY, values | {"type": cause.type, "error": None if cause is GONE else error})
