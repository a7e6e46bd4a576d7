"""Dead letters: held events that a broker refused, and deliveries that failed at each attempt."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg.rows import tuple_row

_COUNTS = """
SELECT destination_id, count(*) FROM (
    SELECT destination_id FROM relay_held_events WHERE reason IS NOT NULL
    UNION ALL SELECT destination_id FROM webhook_deliveries WHERE state = 'dead'
) AS dead GROUP BY destination_id
"""


def counts(conn: psycopg.Connection[Any]) -> dict[int, int]:
    """The number of dead letters by destination id, for those that have any. Raises psycopg.Error."""
    return dict(conn.cursor(row_factory=tuple_row).execute(_COUNTS).fetchall())
