"""Doorbell's own processes, started, signalled and killed for real."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import IO

from flask import Flask
from flask.sessions import SecureCookieSessionInterface

from webapp.accounts import sessions

from . import shared_files
from .ports import free_port
from .wait import eventually
from .world import Service

ROOT = Path(__file__).parents[2]
COVERAGE = "COVERAGE_PROCESS_CONFIG"  # set by `make coverage`, for the processes too
KEPT_NAMES = ("PATH", "HOME", "LANG", "TMPDIR", COVERAGE)
# The app of wsgi.py with the run's compiled templates and static files.
WEB_APP = "tests.support.apps.shared_web:app"
# Of a process that imports the web application, beside those of the other tests.
START_SECONDS = 60.0
# For one answer: the first page of a process compiles its templates.
ANSWER_SECONDS = 15.0
SECRET = "a secret for the tests alone, 40 characters"


class Process:
    """One process of ours with its log in a file. `kill` is -9; `stop` asks and says how it went."""

    def __init__(self, args: list[str], env: dict[str, str]) -> None:
        self.args, self.env = args, env
        handle, name = tempfile.mkstemp(prefix="doorbell-process-", suffix=".log")
        self._log: IO[bytes] = os.fdopen(handle, "wb")
        self._log_path = Path(name)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(
            self.args, cwd=ROOT, env=self.env, stdout=self._log, stderr=self._log, start_new_session=True
        )

    @property
    def log(self) -> str:
        return self._log_path.read_text()

    @property
    def log_size(self) -> int:
        """Bytes written so far, to read only what comes after: `log_since`."""
        return self._log_path.stat().st_size

    def log_since(self, size: int) -> str:
        return self._log_path.read_bytes()[size:].decode(errors="replace")

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def send(self, number: int) -> None:
        """A signal to it and its children."""
        os.killpg(self.pid, number)

    def kill(self) -> None:
        """SIGKILL for it and its children, as a power cut would."""
        if self._process is not None and self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def end(self) -> None:
        """SIGKILL; measured by coverage SIGTERM first, because a killed process writes no figures."""
        if COVERAGE in os.environ and self.running:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.stop(5.0)
        self.kill()

    def stop(self, seconds: float = 30.0) -> int:
        """SIGTERM; returns the exit code."""
        assert self._process is not None
        self._process.terminate()
        return self.wait(seconds)

    def wait(self, seconds: float) -> int:
        assert self._process is not None
        return self._process.wait(seconds)


class Doorbell:
    """Web and listener on one test's services. `process` makes others; `env` is for all of them."""

    def __init__(self, service: Service, **env: str) -> None:
        self.service = service
        self._env = env
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._started: list[Process] = []
        self.web = self.process(sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", WEB_APP)
        self.listener = self.process(sys.executable, "listener_worker.py")

    def start(self) -> None:
        self.start_web()
        self.listener.start()
        eventually(lambda: "listening" in self.listener.log)

    def another_listener(self) -> Process:
        return self.another(sys.executable, "listener_worker.py")

    def another(self, *args: str) -> Process:
        """One more process, started."""
        process = self.process(*args)
        process.start()
        return process

    def start_web(self) -> None:
        self.web.start()
        try:
            eventually(lambda: get(self.url + "/healthz") == 200, START_SECONDS)
        except AssertionError as error:
            raise AssertionError(f"the web process is not up: {error}\n{self.web.log}") from error

    @property
    def cookie_name(self) -> str:
        """As the web process names it: its cookies are for HTTPS unless it is the demo."""
        is_demo = self.web.env["DOORBELL_DEMO"] == "1"
        is_secure = self.web.env.get("COOKIE_SECURE", "0" if is_demo else "1") == "1"
        return "__Host-session" if is_secure else "session"

    def cookie(self, user_id: int) -> str:
        """The session cookie of a signed-in user, signed as the app signs it."""
        app = Flask("doorbell")
        app.secret_key = SECRET
        serializer = SecureCookieSessionInterface().get_signing_serializer(app)
        assert serializer is not None
        return f"{self.cookie_name}=" + serializer.dumps(
            {"_user_id": str(user_id), "_fresh": True, "_checked": int(time.time()), **sessions.new(3600)}
        )

    def close(self) -> None:
        for process in self._started:
            process.end()

    def env(self, **more: str) -> dict[str, str]:
        kept = {name: os.environ[name] for name in KEPT_NAMES if name in os.environ}
        ours = {
            "DATABASE_URL": self.service.database_url,
            "REDIS_URL": self.service.redis_url,
            "SECRET_KEY": SECRET,
            "DOORBELL_DEMO": "1",
            "PORT": str(self.port),
            "GRACEFUL_TIMEOUT": "3",
            shared_files.VARIABLE: shared_files.directory(),
        }
        return kept | ours | self._env | more

    def process(self, *args: str, **env: str) -> Process:
        process = Process(list(args), self.env(**env))
        self._started.append(process)
        return process


def read(url: str, cookie: str = "") -> str:
    """The text of one answer. Raises OSError when it is not a page."""
    request = urllib.request.Request(url, headers={"Cookie": cookie} if cookie else {})  # noqa: S310 - our own loopback address
    with urllib.request.urlopen(request, timeout=ANSWER_SECONDS) as response:  # noqa: S310
        return str(response.read().decode())


def get(url: str, cookie: str = "") -> int:
    """The status of one GET; a refused connection raises OSError."""
    request = urllib.request.Request(url, headers={"Cookie": cookie} if cookie else {})  # noqa: S310 - our own loopback address
    try:
        with urllib.request.urlopen(request, timeout=ANSWER_SECONDS) as response:  # noqa: S310
            return int(response.status)
    except urllib.error.HTTPError as error:
        return error.code
