"""The relay's audit log: each verb on a destination, with its actor."""

from __future__ import annotations

from typing import Any

import psycopg

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
