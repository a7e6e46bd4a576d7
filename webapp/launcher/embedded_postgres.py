"""EmbeddedPostgres: a real PostgreSQL from a wheel, on a Unix socket only."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from urllib.parse import quote

import psycopg

from .cluster import PG_BIN, Cluster

# For tests: a crash of the machine may lose data, a crash of PostgreSQL (`restart("immediate")`) does not.
_FAST = {"fsync": "off", "full_page_writes": "off", "max_prepared_transactions": "10"}


class EmbeddedPostgres:
    """PostgreSQL with its data in `directory`. `fast` gives up durability, for tests.

    `programs` is the folder of PostgreSQL's server programs, by default the wheel's.
    """

    def __init__(self, directory: Path, *, fast: bool = False, programs: Path = PG_BIN) -> None:
        self.fast = fast
        # Empty: only the Unix socket.
        self.address = ""
        self._cluster = Cluster(directory.resolve(), programs)

    @property
    def url(self) -> str:
        return self.database("doorbell")

    def start(self) -> None:
        """Start PostgreSQL, or use the server that a killed run left running on this data."""
        self._cluster.create()
        # Every process that reaches the socket may connect as the superuser, so only its owner (and root) may.
        settings = {"max_connections": "200", "unix_socket_permissions": "0700", **(_FAST if self.fast else {})}
        self._cluster.start(self.address, settings)
        with psycopg.connect(self.database("postgres"), autocommit=True) as conn:
            if not conn.execute("SELECT 1 FROM pg_database WHERE datname = 'doorbell'").fetchone():
                conn.execute("CREATE DATABASE doorbell")

    def restart(self, mode: str = "fast") -> None:
        """Restart the server as an operator would: `fast` or `immediate`."""
        self._cluster.restart(mode)

    def stop(self) -> None:
        self._cluster.stop()

    def database(self, name: str) -> str:
        assert self._cluster.sockets is not None, "PostgreSQL is not running"
        return f"postgresql://postgres@/{name}?host={quote(self._cluster.sockets)}"


def psql(database_url: str) -> None:
    """Replace this process by the wheel's psql on this database. Does not return.

    The wheel's psql has no line editing; at a terminal rlwrap adds it where it is installed.
    """
    command = [str(PG_BIN / "psql"), database_url]
    if sys.stdin.isatty() and (rlwrap := shutil.which("rlwrap")):
        command.insert(0, rlwrap)
    os.execv(command[0], command)  # noqa: S606 - without a shell
