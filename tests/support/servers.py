"""PostgreSQL and Redis for tests: for all of a run, or for one file that breaks them."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import flask_migrate
import psycopg

from webapp import create_app
from webapp.config import Config
from webapp.launcher.cluster import PG_BIN
from webapp.launcher.embedded import Embedded

from . import all_versions
from .memory import directory_for_servers
from .processes import SECRET

# The first version with max_notify_queue_pages. Before it the queue is always 8 GB.
SMALL_QUEUE_FROM = 170000


@contextmanager
def servers() -> Iterator[Embedded]:
    """Both servers, while the block runs. The environment may name PostgreSQL's programs."""
    directory = Path(tempfile.mkdtemp(prefix="doorbell-tests-", dir=directory_for_servers()))
    directory.chmod(0o755)
    started = Embedded(directory, fast=True, programs=Path(os.environ.get(all_versions.VARIABLE) or PG_BIN))
    started.start()
    try:
        yield started
    finally:
        started.stop()
        shutil.rmtree(directory, ignore_errors=True)


@contextmanager
def migrated_servers(configure: Callable[[psycopg.Connection], object]) -> Iterator[Embedded]:
    """As `servers`, restarted after `configure` has set what needs a restart, and with Doorbell's tables."""
    with servers() as started:
        with psycopg.connect(started.database_url, autocommit=True) as conn:
            configure(conn)
        started.postgres.restart()
        env = {"DATABASE_URL": started.database_url, "REDIS_URL": started.redis_url, "SECRET_KEY": SECRET}
        app = create_app(Config.from_env(env))
        with app.app_context():
            flask_migrate.upgrade()
            app.extensions["sqlalchemy"].engine.dispose()
        yield started
