"""Broker: one server of a test, which can be killed, stopped for a while and started again with its data."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar, Self, TypeVar

import pytest

from ..ports import free_port
from ..wait import eventually

LOG_BYTES = 4_000
STOP_SECONDS = 15.0
# The server ends with the test process, even after a SIGKILL: then the pipe at stdin closes, and the group is killed.
WITH_WATCHER = 'exec 3<&0 </dev/null; (read _ <&3; kill -9 0) & exec "$@" 3<&-'


class Broker(ABC):
    """A server on a free port of 127.0.0.1, with its data and its log below `directory`.

    `given` is `[user:password@]host:port` of a server that is used instead. Tests that kill or stop it are then skipped.
    """

    # The scheme of its addresses, the variable that names a given server, and the seconds until it must be ready.
    scheme: ClassVar[str]
    variable: ClassVar[str]
    start_seconds: ClassVar[float] = 15.0

    def __init__(self, directory: Path, given: str = "") -> None:
        self.directory = directory
        self.is_given = bool(given)
        self.credentials, _, place = given.rpartition("@")
        self.host, port = place.rsplit(":", 1) if given else ("127.0.0.1", "0")
        self.port = int(port) or free_port()
        self._process: subprocess.Popen[bytes] | None = None
        # The bytes of the log that earlier starts wrote.
        self._log_begin = 0

    @abstractmethod
    def command(self) -> list[str]:
        """The program with its arguments."""

    @abstractmethod
    def answers(self, seconds: float = 1.0) -> bool:
        """Whether it answers a request of its protocol within `seconds`."""

    def environment(self) -> dict[str, str]:
        return {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}

    @property
    def url(self) -> str:
        return self.url_at(self.port, self.host)

    def url_at(self, port: int, host: str = "127.0.0.1") -> str:
        """Its address through another port, such as the one of a proxy."""
        credentials = f"{self.credentials}@" if self.credentials else ""
        return f"{self.scheme}://{credentials}{host}:{port}"

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def log(self) -> str:
        """The end of what its processes wrote to stdout and stderr since the last start."""
        return self._log_path.read_bytes()[self._log_begin :][-LOG_BYTES:].decode(errors="replace")

    @property
    def _log_path(self) -> Path:
        return self.directory / "server.log"

    def start(self) -> Self:
        """Start it and wait until it answers. Raises AssertionError or RuntimeError, with its log, when it does not."""
        if not self.is_given:
            with self._log_path.open("ab") as log:
                self._log_begin = log.tell()
                self._process = subprocess.Popen(
                    ["sh", "-c", WITH_WATCHER, "sh", *self.command()],
                    env=self.environment(),
                    stdin=subprocess.PIPE,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
        try:
            eventually(self._is_ready, self.start_seconds)
        except AssertionError as error:
            log_text = "" if self.is_given else self.log
            self.stop()
            raise AssertionError(f"{type(self).__name__} did not start at {self.url}: {error}\n{log_text}") from error
        return self

    def kill(self) -> None:
        """SIGKILL for all of its processes."""
        self.require_own_server()
        if self._process is None:
            return
        # The group may outlive its first process.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        assert self._process.stdin is not None
        self._process.stdin.close()

    def restart(self) -> None:
        """Kill it if it runs, and start it on the same port with the same data."""
        self.kill()
        self.start()

    @contextmanager
    def stop_for_a_while(self) -> Iterator[None]:
        """SIGSTOP during the block: connections stay open, and nothing is answered."""
        self.require_own_server()
        assert self._process is not None
        os.killpg(self._process.pid, signal.SIGSTOP)
        # The signal returns before all threads have stopped; this waits for the last.
        os.waitpid(self._process.pid, os.WUNTRACED)
        try:
            yield
        finally:
            os.killpg(self._process.pid, signal.SIGCONT)

    def stop(self) -> None:
        """SIGTERM, and SIGKILL after `STOP_SECONDS`, for its processes. A given server is left alone."""
        if self._process is None:
            return
        if self.is_running:
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(STOP_SECONDS)
        self.kill()

    def _is_ready(self) -> bool:
        if not self.is_given and not self.is_running:
            assert self._process is not None
            raise RuntimeError(f"{type(self).__name__} ended with code {self._process.poll()}:\n{self.log}")
        return self.answers()

    def require_own_server(self) -> None:
        """Skip the test when the server is a given one. A test that starts threads calls this first."""
        if self.is_given:
            pytest.skip(f"{self.variable} names a server that this test may not kill or stop")


B = TypeVar("B", bound=Broker)


@contextmanager
def running(kind: type[B], make: Callable[[Path], B] | None = None) -> Iterator[B]:
    """A server that runs while the block does, with a directory of its own; or the one that its variable names.

    `make` makes one with options, from its directory.
    """
    directory = Path(tempfile.mkdtemp(prefix="doorbell-broker-"))
    given = os.environ.get(kind.variable, "")
    broker = kind(directory, given) if given or make is None else make(directory)
    try:
        yield broker.start()
    finally:
        broker.stop()
        shutil.rmtree(directory, ignore_errors=True)
