"""The stage of the benchmarks: a PostgreSQL server with durable commits, databases, and Doorbell's processes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import flask_migrate
import psycopg

from webapp import create_app
from webapp.config import Config
from webapp.launcher.embedded import Embedded

ROOT = Path(__file__).parent.parent


class Stage:
    """PostgreSQL and Redis in a directory that is removed afterwards. `env` is the environment of the processes."""

    def __enter__(self) -> Stage:
        self.directory = Path(tempfile.mkdtemp(prefix="doorbell-bench-"))
        self.directory.chmod(0o755)
        self._services = Embedded(self.directory)
        self._services.start()
        self.env = os.environ | {
            "DATABASE_URL": self._services.database_url,
            "REDIS_URL": self._services.redis_url,
            "SECRET_KEY": "a key for benchmarks alone, 40 characters",
        }
        app = create_app(Config.from_env(self.env))
        with app.app_context():
            flask_migrate.upgrade()
            app.extensions["sqlalchemy"].engine.dispose()
        return self

    def __exit__(self, *_error: object) -> None:
        self._services.stop()
        shutil.rmtree(self.directory, ignore_errors=True)

    def database(self, name: str) -> str:
        """The URL of a new migrated database with tenant 1."""
        admin = self._services.database_url.replace("/doorbell?", "/postgres?")
        self.execute(admin, f"CREATE DATABASE {name} TEMPLATE doorbell")
        url = self._services.database_url.replace("/doorbell?", f"/{name}?")
        self.execute(
            url,
            "INSERT INTO tenants (slug, name, timezone, currency, locale) VALUES ('acme', 'Acme', 'UTC', 'EUR', 'en_GB')",
        )
        return url

    def execute(self, url: str, statement: str) -> None:
        with psycopg.connect(url, autocommit=True) as conn:
            conn.execute(statement)

    @contextmanager
    def listener(self, url: str) -> Iterator[subprocess.Popen[str]]:
        """Run Doorbell's listener on this database during the block, which begins once it listens."""
        with self._running([sys.executable, "listener_worker.py"], {"DATABASE_URL": url}, "listening") as process:
            yield process

    @contextmanager
    def process(self, *command: str) -> Iterator[subprocess.Popen[str]]:
        """Run a command of this benchmark as its own process during the block, which begins once it prints "ready"."""
        module = f"bench.{Path(sys.argv[0]).stem}"
        with self._running([sys.executable, "-m", module, *command], {}, "ready") as process:
            yield process

    @contextmanager
    def _running(self, command: list[str], env: dict[str, str], ready: str) -> Iterator[subprocess.Popen[str]]:
        process = subprocess.Popen(
            command, cwd=ROOT, env=self.env | env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        try:
            assert process.stdout is not None
            output = ""
            while ready not in output:
                line = process.stdout.readline()
                if not line:
                    raise SystemExit(f"{' '.join(command)} ended:\n{output}")
                output += line
            yield process
        finally:
            process.terminate()
            process.wait(10)


def report(**figures: Any) -> None:
    """Print one JSON line with the benchmark's name and the day, without the fields that are None."""
    named = {"bench": Path(sys.argv[0]).stem, "date": time.strftime("%Y-%m-%d"), **figures}
    print(json.dumps({name: value for name, value in named.items() if value is not None}), flush=True)


def run(main: Callable[[], None], **commands: Callable[..., None]) -> None:
    """`python -m bench.x` measures; with the name of a command it runs one of its helper processes."""
    if len(sys.argv) > 1:
        commands[sys.argv[1]](*sys.argv[2:])
    else:
        main()
