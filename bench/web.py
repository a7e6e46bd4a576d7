"""Doorbell's web process for benchmarks, which can be restarted and killed as a whole, and its signed-in users."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import psutil
import psycopg

from tests.support.ports import free_port
from webapp import create_app
from webapp.accounts import sessions
from webapp.config import Config

from .stage import ROOT, Stage

START_SECONDS = 60.0
NO_CAPS = {
    "STREAMS_PER_USER": "1000000",
    "STREAMS_PER_TENANT": "1000000",
    "STREAMS_PER_PROCESS": "1000000",
    "STREAM_MAX_SECONDS": "86400",
}


class Web:
    """gunicorn with one gevent worker on a loopback port, during the block. Its log is in the stage's directory."""

    def __init__(self, stage: Stage, url: str, connections: int, app: str = "wsgi:app", **env: str) -> None:
        self._app = app
        self.port = free_port()
        ours = {"DATABASE_URL": url, "PORT": str(self.port), "COOKIE_SECURE": "0", "WEB_CONCURRENCY": "1"}
        self._env = stage.env | NO_CAPS | ours | env
        self._connections = str(connections + 500)
        self._old: list[subprocess.Popen[bytes]] = []
        self.log = stage.directory / f"web-{self.port}.log"

    def start(self) -> None:
        """Returns when it answers."""
        command = [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py"]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*command, "--worker-connections", self._connections, self._app],
                cwd=ROOT,
                env=self._env,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        await_answer(self.port, self._process, self.log)

    @property
    def worker(self) -> psutil.Process:
        """The newest worker, because older ones still stop after a reload."""
        return max(psutil.Process(self._process.pid).children(), key=lambda each: each.create_time())

    def send(self, number: int) -> None:
        """Send a signal to the master."""
        self._process.send_signal(number)

    def replace(self) -> None:
        """As in a deploy: the old process gets SIGTERM and closes its streams, and the new one starts at once."""
        self._old.append(self._process)
        self._process.send_signal(signal.SIGTERM)
        self.start()

    def kill(self) -> None:
        """Kill the master and its workers at once, as a power cut would."""
        for process in (*self._old, self._process):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def __enter__(self) -> Web:
        self.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.kill()

    def cookies(self, users: list[int]) -> tuple[str, ...]:
        """Session cookies of signed-in users, signed as the app signs them."""
        app = create_app(Config.from_env(self._env))
        signer = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]
        cookies = [{"_user_id": str(user), "_fresh": False, **sessions.new(86_400)} for user in users]
        return tuple("session=" + str(signer.dumps(one)) for one in cookies)


def await_answer(port: int, process: subprocess.Popen[bytes], log: Path, path: str = "/healthz") -> None:
    """Wait until the process answers on `path`. Raises SystemExit with its log when it does not."""
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        with (
            contextlib.suppress(OSError),
            urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5),
        ):
            return
        time.sleep(0.02)
    raise SystemExit(f"no answer on port {port}:\n{log.read_text()}")


def tenant_with_people(url: str, slug: str, people: int) -> tuple[int, list[int]]:
    """A new tenant's id and its users' ids."""
    with psycopg.connect(url, autocommit=True) as conn:
        tenant = conn.execute(
            "INSERT INTO tenants (slug, name, timezone, currency, locale) VALUES (%s, %s, 'UTC', 'EUR', 'en_GB') RETURNING id",
            [slug, slug.title()],
        ).fetchone()
        assert tenant is not None
        users = conn.execute(
            "INSERT INTO users (tenant_id, email, name) SELECT %s, n || '@' || %s || '.example', 'Viewer ' || n"
            " FROM generate_series(1, %s) AS n RETURNING id",
            [tenant[0], slug, people],
        ).fetchall()
    return int(tenant[0]), [int(user[0]) for user in users]
