"""The demo of the pictures: its own data directory and port, in a time zone where it is the middle of the afternoon.

So the day has figures whenever the pictures are taken. No demo customer runs: only what a picture shows happens.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import psycopg

from tests.support.ports import free_port
from webapp.launcher.cluster import PG_BIN

ROOT = Path(__file__).parents[2]
HOUR = 15
# At any time it is about HOUR in one of them.
ZONES = (
    "Pacific/Auckland",
    "Australia/Sydney",
    "Asia/Tokyo",
    "Asia/Singapore",
    "Asia/Kolkata",
    "Asia/Dubai",
    "Europe/Helsinki",
    "Europe/Berlin",
    "Europe/London",
    "America/Sao_Paulo",
    "America/New_York",
    "America/Denver",
    "America/Los_Angeles",
    "Pacific/Honolulu",
)
START_SECONDS = 300
STOP_SECONDS = 20


class Demo:
    """`make run` with six weeks of orders. `address` is the board's, `database_url` that of its PostgreSQL."""

    def __init__(self) -> None:
        self._directory = tempfile.TemporaryDirectory(prefix="doorbell-pictures-")
        self._port = free_port()
        self.address = f"http://127.0.0.1:{self._port}"
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
        self._env = kept | {
            "DATA_DIR": f"{self._directory.name}/data",
            "PORT": str(self._port),
            "DEMO": "0",
            "DEMO_TIMEZONE": afternoon_zone(),
        }

    def __enter__(self) -> Demo:
        self._log = (Path(self._directory.name) / "log").open("w+")
        command = [sys.executable, "-m", "webapp.launcher"]
        self._process = subprocess.Popen(
            command, cwd=ROOT, env=self._env, stdout=self._log, stderr=self._log, start_new_session=True
        )
        deadline = time.monotonic() + START_SECONDS
        while "Ctrl-C stops everything" not in self.log:
            if self._process.poll() is not None or time.monotonic() > deadline:
                self._stop()
                raise SystemExit(f"the demo did not start:\n{self.log}")
            time.sleep(0.1)
        self.database_url = self._database_url()
        return self

    def __exit__(self, *_error: object) -> None:
        self._stop()
        self._log.close()
        self._directory.cleanup()

    @property
    def log(self) -> str:
        return os.pread(self._log.fileno(), 1_000_000, 0).decode()

    def psql(self, statement: str) -> str:
        """The output of psql for the statement."""
        command = [str(PG_BIN / "psql"), "--no-psqlrc", self.database_url, "--command", statement]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout.rstrip()

    def value(self, statement: str) -> str:
        with psycopg.connect(self.database_url) as conn:
            row = conn.execute(statement.encode()).fetchone()
        assert row is not None, statement
        return str(row[0])

    def _database_url(self) -> str:
        """From the line `export DATABASE_URL=… REDIS_URL=…`, read by a shell, because it is quoted for one."""
        command = [sys.executable, "-m", "webapp.launcher", "env"]
        line = subprocess.run(command, cwd=ROOT, env=self._env, capture_output=True, text=True, check=True).stdout
        script = f'{line}\nprintf %s "$DATABASE_URL"'
        return subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True).stdout

    def _stop(self) -> None:
        if self._process.poll() is not None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()


def afternoon_zone() -> str:
    """The zone of ZONES whose clock is nearest to HOUR."""
    clocks = {zone: datetime.now(ZoneInfo(zone)) for zone in ZONES}
    return min(ZONES, key=lambda zone: abs(clocks[zone].hour + clocks[zone].minute / 60 - HOUR))
