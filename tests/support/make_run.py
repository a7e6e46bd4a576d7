"""One `make run`, started for a test: its data directory, its port, its log and its processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import psutil

from .ports import free_port

ROOT = Path(__file__).parents[2]


class Run:
    """One `make run` with its own data directory, port and log."""

    def __init__(self, directory: Path, port: int | None = None, **env: str) -> None:
        self.directory = directory
        self.port = port or free_port()
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
        self.env = kept | {"DATA_DIR": str(directory), "PORT": str(self.port), "DEMO_WEEKS": "1"} | env
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> Run:
        log = tempfile.TemporaryFile()  # noqa: SIM115 - as long as the process
        self._log = log
        self.process = subprocess.Popen(
            [sys.executable, "-m", "webapp.launcher"],
            cwd=ROOT,
            env=self.env,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        return self

    @property
    def log(self) -> str:
        return os.pread(self._log.fileno(), 1_000_000, 0).decode()

    def answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log
        return "Ctrl-C stops everything" in self.log

    def ask(self, command: str) -> subprocess.CompletedProcess[str]:
        command_line = [sys.executable, "-m", "webapp.launcher", command]
        return subprocess.run(
            command_line, cwd=ROOT, env=self.env, capture_output=True, text=True, input="", timeout=60
        )

    def database_url(self) -> str:
        said = self.ask("env").stdout
        shell = subprocess.run(
            ["sh", "-c", f'{said} echo "$DATABASE_URL"'.replace("\n", ";", 1)], capture_output=True, text=True
        )
        return shell.stdout.strip()

    def processes(self) -> list[psutil.Process]:
        """Everything that the run started and everything that works on its directory."""
        found = []
        for process in psutil.process_iter():
            try:
                mine = str(self.directory) in " ".join(process.cmdline())
                marked = process.environ().get("DOORBELL_DATA_DIR") == str(self.directory)
                works_here = process.cwd().startswith(str(self.directory))
            except (psutil.Error, OSError):
                continue
            if mine or marked or works_here:
                found.append(process)
        return found

    def end(self, number: int = signal.SIGTERM, seconds: float = 10) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(seconds)


# A word of each command in the Procfile, and of the demo.
PARTS = {
    "web": "gunicorn",
    "listener": "listener_worker.py",
    "worker": "--queues=doorbell",
    "relay": "--queues=relay",
    "beat": "beat",
    "customer": "webapp.demo.customer",
}


def programs(run: Run) -> dict[str, psutil.Process]:
    """The process of each name in the Procfile. It may be the child of a shell."""
    assert run.process is not None
    launcher = psutil.Process(run.process.pid)
    found: dict[str, psutil.Process] = {}
    for child in launcher.children():
        try:
            program = child if "sh" not in child.name() else child.children()[0]
            words = program.cmdline()
        except (psutil.Error, IndexError):
            continue
        found |= {name: program for name, word in PARTS.items() if any(part.endswith(word) for part in words)}
    return found
