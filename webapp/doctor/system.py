"""System: the checked PostgreSQL and Redis, with connections that answer or fail within seconds."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
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
# Per statement or command.
ANSWER_SECONDS = 4
_LIMITS = {"statement_timeout": f"{ANSWER_SECONDS}s", "lock_timeout": "2s"}

Row = dict[str, Any]


@dataclass
class System:
    """The addresses of a Doorbell's servers. `away` maps a service that cannot be used to the reason.

    `is_private` is true for the demo, which has a PostgreSQL server of its own. `insecure` is a sentence on what is open to
    the network but must not be. `web_database_url` is that of the web processes, "" for `database_url`.
    """

    database_url: str
    redis_url: str
    migrations: Path
    is_private: bool = False
    insecure: str = ""
    away: dict[str, str] = field(default_factory=dict)
    web_database_url: str = ""

    def postgresql(self) -> psycopg.Connection:
        """A new session in autocommit, read-only or not as the server has it. Raises psycopg.Error."""
        return session.connect(
            self.database_url,
            APPLICATION,
            autocommit=True,
            limits=_LIMITS,
            # A read-only server is a finding and must not fail here.
            writes=False,
            connect_seconds=CONNECT_SECONDS,
            **connection.KEEPALIVE,
        )

    def as_web(self) -> System:
        """The same system with the database's address of the web processes."""
        return replace(self, database_url=self.web_database_url or self.database_url)

    def redis(self) -> redis.Redis:
        """A client that connects at first use, without retries. Raises ValueError for an address that is not valid."""
        return redis_url.connect(
            self.redis_url,
            socket_timeout=ANSWER_SECONDS,
            socket_connect_timeout=CONNECT_SECONDS,
            retry=Retry(NoBackoff(), 0),
        )

    def rows(self, statement: str, values: dict[str, Any] | None = None) -> list[Row]:
        """The rows of one statement, on a new connection."""
        with self.postgresql() as conn:
            return rows(conn, statement, values)


def rows(conn: psycopg.Connection, statement: str, values: dict[str, Any] | None = None) -> list[Row]:
    """The rows of one statement as dicts."""
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(statement, values).fetchall()
