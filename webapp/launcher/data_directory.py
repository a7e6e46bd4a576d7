"""DataDirectory: the servers' data, the secret key, and the addresses of a running Doorbell."""

from __future__ import annotations

import fcntl
import os
import secrets
import shlex
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import psutil

from .settings import LaunchRefused

# The environment variable that marks every process of the Procfile with its data directory.
MARK = "DOORBELL_DATA_DIR"
_END_SECONDS = 3.0


class Addresses(NamedTuple):
    """Of a running Doorbell: where its servers and its pages are."""

    database_url: str
    redis_url: str
    port: str


class DataDirectory:
    """One directory, used by one launcher at a time."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @contextmanager
    def held(self) -> Iterator[None]:
        """Create the directory and lock it for the block; the lock ends with the process. Raises LaunchRefused."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise LaunchRefused(
                f"The data directory {self.path} cannot be used ({error.strerror}): "
                "make it writable for you, or choose another with DATA_DIR=…"
            ) from error
        try:
            if not _locked(descriptor):
                raise LaunchRefused(
                    f"The data directory {self.path} is in use by another Doorbell: stop that one, "
                    "or choose another with DATA_DIR=…"
                )
            yield
        finally:
            os.close(descriptor)

    def secret_key(self) -> str:
        """The key that signs session cookies. It is created at the first run and kept, so that sessions survive a restart."""
        file = self.path / "secret_key"
        if not file.exists():
            _write_private(file, secrets.token_hex(32))
        return file.read_text().strip()

    @property
    def _env_file(self) -> Path:
        return self.path / "env"

    @contextmanager
    def published(self, addresses: Addresses) -> Iterator[None]:
        """Publish the addresses to `make psql` and `make env` for the block."""
        _write_private(self._env_file, "".join(f"{line}\n" for line in addresses))
        try:
            yield
        finally:
            self._env_file.unlink(missing_ok=True)

    def addresses(self) -> Addresses:
        """The addresses of the Doorbell that runs here. Raises LaunchRefused when none runs."""
        try:
            addresses = Addresses(*self._env_file.read_text().splitlines())
            with (self.path / "lock").open() as lock:
                if _locked(lock.fileno(), attempts=1):
                    # The launcher that published the addresses was killed.
                    raise FileNotFoundError
        except FileNotFoundError:
            raise LaunchRefused(
                f"No Doorbell is running on the data directory {self.path}; start it with: make run"
            ) from None
        except PermissionError as error:
            raise LaunchRefused(
                f"Another user started the Doorbell on {self.path}: run this command as that user."
            ) from error
        return addresses

    def end_processes(self) -> None:
        """End every process of the Procfile that still runs, after a stop or after a killed launcher."""
        ours = [process for process in psutil.process_iter() if self._is_ours(process)]
        for process in ours:
            _send(process, "terminate")
        _gone, alive = psutil.wait_procs(ours, timeout=_END_SECONDS)
        for process in alive:
            _send(process, "kill")
        psutil.wait_procs(alive, timeout=_END_SECONDS)

    def _is_ours(self, process: psutil.Process) -> bool:
        try:
            return process.pid != os.getpid() and process.environ().get(MARK) == str(self.path)
        except (psutil.Error, OSError):
            # Another user's process, or one that has just ended.
            return False


def export_line(addresses: Addresses, secret_key: str) -> str:
    """An `export` line for a shell's eval. It includes the key, which `flask` commands need to start, and the port, which the
    links that they print begin with."""
    values = {
        "DATABASE_URL": addresses.database_url,
        "REDIS_URL": addresses.redis_url,
        "SECRET_KEY": secret_key,
        "PORT": addresses.port,
    }
    return "export " + " ".join(f"{name}={shlex.quote(value)}" for name, value in values.items())


def _locked(descriptor: int, attempts: int = 5) -> bool:
    """Try to lock it, several times: `make psql` and `make env` hold the lock for an instant."""
    for left in reversed(range(attempts)):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.1 if left else 0)
        else:
            return True
    return False


def _send(process: psutil.Process, verb: str) -> None:
    try:
        getattr(process, verb)()
    except psutil.Error:
        return


def _write_private(file: Path, text: str) -> None:
    """Write a file for the owner only. It is renamed into place, so readers see all of it or nothing."""
    temporary = file.with_name(file.name + ".new")
    temporary.unlink(missing_ok=True)
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as handle:
        handle.write(text)
    temporary.rename(file)
