"""The isolation levels that writers choose from."""

from __future__ import annotations

from psycopg import IsolationLevel

LEVELS = (IsolationLevel.READ_COMMITTED, IsolationLevel.REPEATABLE_READ, IsolationLevel.SERIALIZABLE)
