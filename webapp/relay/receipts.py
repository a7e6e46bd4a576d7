"""Receipts: which events a destination has acknowledged and where, one row per page instead of one per event."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import psycopg

from .arrays import array_text

_WRITE = """
INSERT INTO relay_receipts (destination_id, events, event_ids, positions)
VALUES (%(destination)s, int8range(%(first)s, %(last)s, '[]'), %(ids)s::bigint[],
    string_to_array(%(positions)s, chr(31)))
"""


# In no position: brokers' names have no control characters.
_SEPARATOR = chr(31)


def write(conn: psycopg.Connection[Any], destination_id: int, positions: Mapping[int, str]) -> None:
    """Record the positions by event id, in the caller's transaction."""
    if not positions:
        return
    ids = sorted(positions)
    values = {"destination": destination_id, "first": ids[0], "last": ids[-1], "ids": array_text(ids)}
    conn.execute(_WRITE, values | {"positions": _SEPARATOR.join(positions[event_id] for event_id in ids)})
