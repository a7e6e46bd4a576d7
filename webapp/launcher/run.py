"""Launcher: starts the servers, prepares the database, runs the Procfile, and stops everything."""

from __future__ import annotations

import os
import shlex
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import flask_migrate
import psycopg
from sqlalchemy.exc import DBAPIError

from .. import create_app
from ..config import Config
from ..config.mail import folder_of as mail_folder
from ..demo import company
from ..demo.seed import catch_up, seed
from ..events import retention
from ..postgres import faults, session
from ..rollups import refresh
from . import procfile
from .cluster import EmbeddedError
from .data_directory import MARK, Addresses, DataDirectory
from .embedded import Embedded
from .interrupt import Interrupt, StopRequested
from .settings import ROOT, LaunchRefused, Settings
from .terminal import show

CUSTOMER = "python -m webapp.demo.customer"
# Celery warns root at each start, but in a container or on a new machine root tries the demo.
ROOT_WARNING = "ignore:You're running the worker with superuser privileges"
_PAY_THE_NEWEST = (
    "UPDATE orders SET paid_at = now()"
    " WHERE id = (SELECT max(id) FROM orders WHERE status = 'placed' AND source = 'demo');"
)


class Launcher:
    """One `make run`. `run` returns the exit code, which is 0 after a signal to stop."""

    def __init__(self, settings: Settings, directory: DataDirectory, interrupt: Interrupt) -> None:
        """The caller holds `directory` and has checked the port."""
        self._settings, self._directory, self._interrupt = settings, directory, interrupt
        self._announced = False
        self._has_demo = False

    def run(self) -> int:
        try:
            self._interrupt.check()
            with self._services() as (database_url, redis_url):
                self._interrupt.check()
                env = self._environment(database_url, redis_url)
                with self._interrupt.may_cut_short():
                    self._prepare(Config.from_env(env))
                with self._directory.published(Addresses(database_url, redis_url, env["PORT"])):
                    return self._run_processes(env)
        except StopRequested:
            return 0
        except EmbeddedError as error:
            raise LaunchRefused(str(error)) from error
        finally:
            if self._interrupt.asked:
                show("Doorbell has stopped.")

    @contextmanager
    def _services(self) -> Iterator[tuple[str, str]]:
        """The addresses of PostgreSQL and Redis; each is started here unless the environment names one."""
        settings = self._settings
        services = Embedded(self._directory.path)
        try:
            if settings.redis_url is None or settings.database_url is None:
                show(f"Starting PostgreSQL and Redis with their data in {self._directory.path} …")
            if settings.redis_url is None:
                services.redis.start()
            if settings.database_url is None:
                services.postgres.start()
            yield settings.database_url or services.database_url, settings.redis_url or services.redis_url
        finally:
            services.stop()

    def _environment(self, database_url: str, redis_url: str) -> dict[str, str]:
        """The environment of every process of the Procfile."""
        given = os.environ
        ours = {
            "DATABASE_URL": database_url,
            "REDIS_URL": redis_url,
            "SECRET_KEY": self._settings.secret_key or self._directory.secret_key(),
            "DOORBELL_DEMO": given.get("DOORBELL_DEMO") or "1",
            "PORT": str(self._settings.port),
            "MAIL_FOLDER": given.get("MAIL_FOLDER") or ("" if given.get("SMTP") else mail_folder(self._directory.path)),
            # Seconds. On one machine, streams reconnect at once.
            "GRACEFUL_TIMEOUT": "2",
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{given.get('PATH', '')}",
            "PYTHONUNBUFFERED": "1",
            "PYTHONWARNINGS": given.get("PYTHONWARNINGS") or (ROOT_WARNING if os.geteuid() == 0 else ""),
            MARK: str(self._directory.path),
        }
        return {**given, **ours}

    def _prepare(self, config: Config) -> None:
        """Migrate, and create the demo at the first run. May be cut short: each step has its own transaction."""
        try:
            app = create_app(config)
            with app.app_context():
                flask_migrate.upgrade()
                app.extensions["sqlalchemy"].engine.dispose()
            retention.make_ahead(config.database_url)
            with session.connect(config.database_url, "doorbell launcher") as conn:
                fresh = conn.execute("SELECT 1 FROM tenants LIMIT 1").fetchone() is None
            if fresh:
                weeks = self._settings.demo_weeks
                show(f"Creating the demo: {company.NAME}, with the orders of {weeks} week{'' if weeks == 1 else 's'} …")
                seed(config.database_url, datetime.now(UTC), self._settings.demo_weeks, self._settings.demo_timezone)
            elif self._settings.demo and (missed := catch_up(config.database_url, datetime.now(UTC))):
                show(f"Adding {missed} orders for the time since the demo last ran …")
            # The first page must have its 30-day chart.
            refresh.refresh(config.database_url)
            with session.connect(config.database_url, "doorbell launcher") as conn:
                found = conn.execute("SELECT 1 FROM tenants WHERE slug = %s", [company.SLUG]).fetchone()
            self._has_demo = config.demo and found is not None
        except (psycopg.Error, DBAPIError) as error:
            if (reason := faults.explain(error)) is None or faults.is_not_migrated(error):
                raise
            raise LaunchRefused(reason) from error

    def _run_processes(self, env: dict[str, str]) -> int:
        commands = procfile.read(ROOT / "Procfile")
        if self._settings.demo and self._has_demo:
            commands["customer"] = CUSTOMER
        processes = procfile.Processes(commands, env, ROOT)
        try:
            reason = processes.watch(lambda: self._interrupt.asked, self._announce_once)
        finally:
            processes.stop()
            self._directory.end_processes()
        if reason is None:
            return 0
        show(f"{reason}. Everything was stopped. The last lines of that process are above, with its name.")
        show(f"The servers' logs: {self._directory.path}/postgres/log and /redis.log.")
        return 1

    def _announce_once(self) -> None:
        """Print the addresses once the web process answers on them."""
        if self._announced:
            return
        try:
            with urllib.request.urlopen(f"{self._settings.address}/healthz", timeout=2) as answer:  # noqa: S310 - ours
                self._announced = answer.status == 200
        except OSError:
            return
        show(self._announcement())

    def _announcement(self) -> str:
        address = self._settings.address
        data_dir = os.environ.get("DATA_DIR")
        psql = "make psql" + (f" DATA_DIR={shlex.quote(data_dir)}" if data_dir else "")
        demo_links = [f"sign in as a manager:     {address}/demo", f"or as a salesperson:      {address}/demo?as=sales"]
        demo_links += [f"as an admin, a viewer:    {address}/demo?as=admin, {address}/demo?as=viewer"]
        lines = [
            f"Doorbell is running:      {address}",
            *(demo_links if self._has_demo else [f"sign in:                  {address}/sign-in"]),
            "",
            "Open the board, then run this in another terminal and watch the board:",
            f'  echo "{_PAY_THE_NEWEST}" | {psql}',
            "",
            "Ctrl-C stops everything; the data stays in " + str(self._directory.path),
        ]
        rule = "─" * max(map(len, lines))
        return "\n".join(["", rule, *lines, rule, ""])
