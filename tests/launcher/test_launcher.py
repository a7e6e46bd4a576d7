"""`make run` with real processes: it starts, prints its addresses, reports faults, and stops without leaving a process."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from ..support.make_run import PARTS, ROOT, Run, programs
from ..support.wait import eventually

START_SECONDS = 60.0
ALARMING = re.compile(r"error|traceback|critical|exception", re.IGNORECASE)


@pytest.fixture
def directory() -> Iterator[Path]:
    # With a space, as paths often have on macOS.
    path = Path(tempfile.mkdtemp(prefix="doorbell run ")).resolve()
    path.chmod(0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def run(directory: Path) -> Iterator[Run]:
    run = Run(directory / "var")
    yield run
    if run.process is not None and run.process.poll() is None:
        run.process.terminate()
        run.process.wait(30)
    for left in run.processes():
        left.kill()


def test_all_processes_start_and_stop_within_ten_seconds(run: Run) -> None:
    run.start()
    eventually(run.answers, START_SECONDS)
    assert f"http://127.0.0.1:{run.port}/demo?as=sales" in run.log
    with urllib.request.urlopen(f"http://127.0.0.1:{run.port}/demo", timeout=15) as page:
        assert page.status == 200
    with psycopg.connect(run.database_url(), autocommit=True) as conn:
        made_by_customer = "SELECT count(*) > 1 FROM order_events WHERE recorded_at > now() - interval '4 s'"
        eventually(lambda: conn.execute(made_by_customer).fetchone() == (True,), START_SECONDS)
    eventually(lambda: _ready(run), START_SECONDS)
    commands = [" ".join(process.cmdline()) for process in run.processes()]
    for part in (
        "gunicorn",
        "listener_worker.py",
        "--queues=doorbell",
        "--queues=relay",
        "beat",
        "webapp.demo.customer",
        "postgres",
        "redis-server",
    ):
        assert any(part in command for command in commands), part
    assert [line for line in run.log.splitlines() if ALARMING.search(line)] == []
    assert run.end(signal.SIGTERM) == 0
    assert run.processes() == []
    assert "Doorbell has stopped." in run.log


def _ready(run: Run) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{run.port}/readyz", timeout=15) as answer:
            health = json.load(answer)
            return bool(health["ready"] and not health["degraded"])
    except OSError:
        return False


@pytest.mark.faults
def test_the_data_and_the_key_are_kept_and_demo_0_leaves_the_customer_out(run: Run) -> None:
    run.start()
    eventually(run.answers, START_SECONDS)
    with psycopg.connect(run.database_url(), autocommit=True) as conn:
        conn.execute("UPDATE tenants SET name = 'Kept'")
    key = (run.directory / "secret_key").read_text()
    assert (run.directory / "secret_key").stat().st_mode & 0o777 == 0o600
    assert run.end(signal.SIGINT) == 0
    run.env["DEMO"] = "0"
    run.start()
    eventually(run.answers, START_SECONDS)
    with psycopg.connect(run.database_url()) as conn:
        assert conn.execute("SELECT name FROM tenants").fetchall() == [("Kept",)]
    assert (run.directory / "secret_key").read_text() == key
    assert not any("webapp.demo.customer" in " ".join(process.cmdline()) for process in run.processes())


def test_a_second_start_reports_the_used_directory_or_port_in_one_line(run: Run, directory: Path) -> None:
    run.start()
    eventually(run.answers, START_SECONDS)
    same_directory, same_port = Run(run.directory), Run(directory / "other", run.port)
    for second, words in (
        (same_directory, "is in use by another Doorbell"),
        (same_port, f"Port {run.port} cannot be used"),
    ):
        assert second.start().process.wait(60) == 1  # type: ignore[union-attr]
        assert words in second.log
        assert len(second.log.strip().splitlines()) == 1, second.log
    with urllib.request.urlopen(f"http://127.0.0.1:{run.port}/healthz", timeout=15) as page:
        assert page.status == 200, "the first one still works"


def test_psql_and_env_find_the_running_doorbell_or_report_that_none_runs(run: Run) -> None:
    for command in ("env", "psql"):
        answer = run.ask(command)
        assert answer.returncode == 1
        assert answer.stdout == ""
        assert "No Doorbell is running" in answer.stderr
        assert not run.directory.exists(), "the commands create nothing"
    run.start()
    eventually(run.answers, START_SECONDS)
    line = run.ask("env").stdout
    assert re.fullmatch(rf"export DATABASE_URL=\S+ REDIS_URL=\S+ SECRET_KEY=\S+ PORT={run.port}\n", line), line
    assert (run.directory / "env").stat().st_mode & 0o777 == 0o600
    assert run.ask("psql").returncode == 0
    run.end()
    assert not (run.directory / "env").exists()


@pytest.mark.faults
def test_a_new_start_takes_over_from_a_killed_launcher(run: Run) -> None:
    run.start()
    eventually(run.answers, START_SECONDS)
    assert run.process is not None
    run.process.kill()
    run.process.wait()
    assert run.processes(), "orphans"
    assert run.ask("env").returncode == 1, "addresses of a killed launcher are not printed"
    orphans = run.processes()
    run.start()
    eventually(run.answers, START_SECONDS)
    names = {process.pid: process.name() for process in orphans if process.is_running()}
    assert all(name.startswith("postgres") for name in names.values()), names
    assert run.end() == 0
    assert run.processes() == []


@pytest.mark.faults
def test_each_process_that_ends_restarts_and_is_reported_in_a_line(run: Run) -> None:
    run.start()
    eventually(run.answers, START_SECONDS)
    eventually(lambda: programs(run).keys() == PARTS.keys(), START_SECONDS)
    before = programs(run)
    for process in before.values():
        process.kill()
    eventually(lambda: all(f"The process {name!r} was ended by SIGKILL" in run.log for name in PARTS), START_SECONDS)
    eventually(lambda: programs(run).keys() == PARTS.keys(), START_SECONDS)
    eventually(lambda: _ready(run), START_SECONDS)
    after = programs(run)
    assert all(after[name].pid != before[name].pid for name in PARTS)
    assert "Traceback" not in run.log
    with psycopg.connect(run.database_url(), autocommit=True) as conn:
        made_by_customer = "SELECT count(*) > 0 FROM order_events WHERE recorded_at > now() - interval '1 s'"
        eventually(lambda: conn.execute(made_by_customer).fetchone() == (True,), START_SECONDS)
    after["listener"].kill()
    eventually(lambda: run.log.count("The process 'listener' was ended") == 2, START_SECONDS)
    assert run.end(signal.SIGINT, 20) == 0
    assert run.processes() == []


@pytest.mark.faults
def test_a_process_that_cannot_start_stops_everything_with_the_reason(run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        run.env["LISTENER_METRICS_PORT"] = str(taken.getsockname()[1])
        run.start()
        assert run.process is not None
        assert run.process.wait(60) == 1
    assert "LISTENER_METRICS_PORT" in run.log
    assert "The process 'listener' cannot be started: it ended with exit code 3. Everything was stopped." in run.log
    assert "Traceback" not in run.log
    assert run.processes() == []


@pytest.mark.faults
@pytest.mark.parametrize("words", ["Starting PostgreSQL", "Creating the demo"])
def test_a_start_can_be_stopped(run: Run, words: str) -> None:
    run.env["DEMO_WEEKS"] = "20"
    run.start()
    eventually(lambda: words in run.log, START_SECONDS)
    assert run.end(signal.SIGTERM) == 0, run.log
    assert "Traceback" not in run.log
    assert run.processes() == []
    run.env["DEMO_WEEKS"] = "1"
    run.start()
    eventually(run.answers, START_SECONDS)


@pytest.mark.faults
def test_a_closed_pipe_stops_the_launcher(run: Run) -> None:
    reader, writer = os.pipe()
    run.process = subprocess.Popen(
        [sys.executable, "-m", "webapp.launcher"],
        cwd=ROOT,
        env=run.env,
        stdout=writer,
        stderr=writer,
        start_new_session=True,
    )
    os.close(writer)
    assert os.read(reader, 100)
    os.close(reader)
    assert run.process.wait(60) == 0
    assert run.processes() == []


@pytest.mark.parametrize(
    ("env", "words"),
    [
        ({"PORT": "http"}, "PORT is 'http'; allowed: a whole number from 1 to 65535"),
        ({"PORT": "70000"}, "PORT is '70000'"),
        ({"DEMO": "maybe"}, "DEMO is 'maybe'"),
        ({"DEMO_WEEKS": "0"}, "DEMO_WEEKS is '0'"),
        ({"DEMO_TIMEZONE": "Mars/Olympus"}, "DEMO_TIMEZONE is 'Mars/Olympus'"),
        ({"DATA_DIR": "/proc/nowhere"}, "The data directory /proc/nowhere cannot be used"),
        ({"DATABASE_URL": "postgresql://x@127.0.0.1:1/x"}, "PostgreSQL does not answer: "),
        ({"DATABASE_URL": "mysql://x"}, "DATABASE_URL begins with 'mysql'"),
    ],
)
def test_an_unusable_setting_is_reported_without_a_traceback(directory: Path, env: dict[str, str], words: str) -> None:
    run = Run(directory / "var", None, **env).start()
    assert run.process is not None
    assert run.process.wait(60) == 1
    assert words in run.log
    assert "Traceback" not in run.log
    assert run.processes() == []
