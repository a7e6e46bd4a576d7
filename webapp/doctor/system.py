"""The system that is examined, and connections to it that answer or fail within seconds."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import redis
from psycopg.rows import dict_row
from redis.backoff import NoBackoff
from redis.retry import Retry

from ..config import redis_url
from ..doorbell import connection
from ..postgres import session

APPLICATION = "doorbell doctor"
CONNECT_SECONDS = 4
ANSWER_SECONDS = 4  # of one statement or one command
_LIMITS = {"statement_timeout": f"{ANSWER_SECONDS}s", "lock_timeout": "2s"}

Row = dict[str, Any]


@dataclass
class System:
    """Where its parts are. `away` names the services that did not answer, each with the words for it.

    `is_private`: the demo, whose server is its own and serves no one else.
    """

    database_url: str
    redis_url: str
    migrations: Path
    is_private: bool = False
    insecure: str = ""  # what is open to the network and should not be, in a sentence
    away: dict[str, str] = field(default_factory=dict)

    def postgresql(self) -> psycopg.Connection:
        """A session of a check's own, autocommit. Raises psycopg.Error."""
        return session.connect(
            self.database_url,
            APPLICATION,
            autocommit=True,
            limits=_LIMITS,
            writes=False,  # what it cannot write is among what it examines
            connect_seconds=CONNECT_SECONDS,
            **connection.KEEPALIVE,
        )

    def redis(self) -> redis.Redis:
        """Connects at first use and never tries twice. Raises redis.RedisError there, ValueError here for a bad address."""
        return redis_url.connect(
            self.redis_url,
            socket_timeout=ANSWER_SECONDS,
            socket_connect_timeout=CONNECT_SECONDS,
            retry=Retry(NoBackoff(), 0),
        )

    def rows(self, statement: str, values: dict[str, Any] | None = None) -> list[Row]:
        """The rows of one statement, on a connection of its own."""
        with self.postgresql() as conn:
            return rows(conn, statement, values)


def rows(conn: psycopg.Connection, statement: str, values: dict[str, Any] | None = None) -> list[Row]:
    """The rows of one statement as dicts."""
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(statement, values).fetchall()
