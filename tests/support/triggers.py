"""Changes that no trigger sees, as logical replication and pg_restore --disable-triggers make them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg


@contextmanager
def triggers_off(conn: psycopg.Connection[Any]) -> Iterator[None]:
    conn.execute("SET session_replication_role = replica")
    yield
    conn.execute("RESET session_replication_role")
