"""A real PgBouncer before a test's PostgreSQL. Debian's package brings it; without it these tests are skipped."""

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

from .ports import free_port
from .wait import eventually
from .world import Service

PROGRAM = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")

needs_pgbouncer = pytest.mark.skipif(PROGRAM is None, reason="PgBouncer is not installed (Debian: pgbouncer)")

SETTINGS = """
[databases]
* = host={sockets} user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = {mode}
default_pool_size = {size}
logfile = {directory}/log
"""


@contextmanager
def pgbouncer(service: Service, mode: str, size: int = 20) -> Iterator[str]:
    """Runs while the block does; its address for the test's database."""
    assert PROGRAM is not None
    place = urlsplit(service.database_url)
    directory = Path(tempfile.mkdtemp(prefix="doorbell-pgbouncer-"))
    directory.chmod(0o777)
    port = free_port()
    settings = directory / "pgbouncer.ini"
    sockets = parse_qs(place.query)["host"][0]
    settings.write_text(SETTINGS.format(sockets=sockets, port=port, mode=mode, size=size, directory=directory))
    user = SYSTEM_USER if os.geteuid() == 0 else None  # it refuses root, as PostgreSQL does
    process = subprocess.Popen([PROGRAM, "-q", settings], user=user, start_new_session=True)
    url = f"postgresql://postgres@127.0.0.1:{port}{place.path}?sslmode=disable&gssencmode=disable"
    try:
        eventually(lambda: _answers(url))
        yield url
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
        shutil.rmtree(directory, ignore_errors=True)


def _answers(url: str) -> bool:
    with contextlib.suppress(psycopg.OperationalError), psycopg.connect(url, connect_timeout=2):
        return True
    return False
