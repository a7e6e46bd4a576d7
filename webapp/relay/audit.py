"""The relay's own log of verbs on a destination, with their actors. Verbs of users are in the audit log too."""

from __future__ import annotations

from typing import Any

import psycopg

from ..audit.kinds import Kind
from ..audit.recording import record
from .destinations import Destination

# The actor of what the relay worker decides itself.
WORKER = "relay worker"

_WRITE = """
INSERT INTO relay_audit (destination, tenant_id, actor, verb, details)
VALUES (%(destination)s, %(tenant_id)s, %(actor)s, %(verb)s, %(details)s)
"""


def write(conn: psycopg.Connection[Any], destination: Destination, actor: str, verb: str, details: str = "") -> None:
    """Add an entry, in the caller's transaction if one is open."""
    values = {"destination": destination.name, "tenant_id": destination.tenant_id}
    conn.execute(_WRITE, values | {"actor": actor, "verb": verb, "details": details})
    if actor != WORKER:
        # The reason of a pause is in the relay's log alone: it is free text.
        record(conn, Kind.RELAY_VERB, tenant_id=destination.tenant_id, subject=destination.name, details={"verb": verb})
