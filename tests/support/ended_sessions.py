"""The rows of ended sessions."""

from __future__ import annotations

import psycopg


def ended(conn: psycopg.Connection) -> int:
    row = conn.execute("SELECT count(*) FROM ended_sessions").fetchone()
    assert row is not None
    return int(row[0])
