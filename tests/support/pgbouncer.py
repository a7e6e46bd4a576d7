"""A real PgBouncer before a test's PostgreSQL; install/pgbouncer.py provides the program."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest

from webapp.launcher.cluster import SYSTEM_USER

from .install import pgbouncer as install
from .ports import free_port
from .wait import eventually
from .world import Service

needs_pgbouncer = pytest.mark.skipif(install.program() is None, reason=install.BY_HAND)

SETTINGS = """
[databases]
* = host={sockets} user={role}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = {mode}
default_pool_size = {size}
logfile = {directory}/log
{more}
"""


@contextmanager
def pgbouncer(service: Service, mode: str, size: int = 20, role: str = "postgres", more: str = "") -> Iterator[str]:
    """Runs while the block does, with up to `size` sessions of `role`; its address for the test's database."""
    program = install.program()
    assert program is not None
    place = urlsplit(service.database_url)
    directory = Path(tempfile.mkdtemp(prefix="doorbell-pgbouncer-"))
    directory.chmod(0o777)
    port = free_port()
    settings = directory / "pgbouncer.ini"
    sockets = parse_qs(place.query)["host"][0]
    # It refuses to run as root, as PostgreSQL does.
    more += f"\nuser = {SYSTEM_USER}" if os.geteuid() == 0 else ""
    settings.write_text(
        SETTINGS.format(sockets=sockets, role=role, port=port, mode=mode, size=size, directory=directory, more=more)
    )
    process = subprocess.Popen([program, "-q", settings], env=install.environment(), start_new_session=True)
    url = f"postgresql://postgres@127.0.0.1:{port}{place.path}?sslmode=disable&gssencmode=disable"
    try:
        eventually(lambda: _answers(process, url, directory / "log"))
        yield url
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
        shutil.rmtree(directory, ignore_errors=True)


def _answers(process: subprocess.Popen[bytes], url: str, log: Path) -> bool:
    if process.poll() is not None:
        pytest.fail(f"PgBouncer did not start: {log.read_text() if log.exists() else 'it wrote no log'}")
    with contextlib.suppress(psycopg.OperationalError), psycopg.connect(url, connect_timeout=10):
        return True
    return False
