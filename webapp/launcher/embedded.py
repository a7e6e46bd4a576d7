"""The embedded PostgreSQL and Redis, for `make run` and the tests. They need no installation and share nothing."""

from __future__ import annotations

from pathlib import Path

from .cluster import PG_BIN
from .embedded_postgres import EmbeddedPostgres
from .embedded_redis import EmbeddedRedis


class Embedded:
    """The two servers with their data below `directory`. `fast` gives up durability, for tests."""

    def __init__(self, directory: Path, *, fast: bool = False, programs: Path = PG_BIN) -> None:
        self.directory = directory.resolve()
        self.postgres = EmbeddedPostgres(self.directory / "postgres", fast=fast, programs=programs)
        self.redis = EmbeddedRedis(self.directory, fast=fast)

    @property
    def database_url(self) -> str:
        return self.postgres.url

    @property
    def redis_url(self) -> str:
        return self.redis.url

    def start(self) -> None:
        """Start both. A server that a killed run left is used again (PostgreSQL) or ended (Redis). Raises EmbeddedError."""
        self.directory.mkdir(parents=True, exist_ok=True)
        self.redis.start()
        self.postgres.start()

    def stop(self) -> None:
        self.postgres.stop()
        self.redis.stop()
