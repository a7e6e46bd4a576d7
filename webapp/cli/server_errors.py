"""Errors of PostgreSQL and Redis in `flask` commands: one sentence instead of a traceback, and exit code 2.

The handler is attached to the context of `flask` itself, so it covers every command, including those of Flask-Migrate.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import redis
from flask import Flask

from ..doctor import schema
from ..doctor.finding import OK
from ..doctor.system import System
from ..postgres import faults
from ..services import services
from . import stop


def register(app: Flask) -> None:
    """Attach the handler while `flask` loads the app. In other processes there is no command and nothing to do."""
    context = click.get_current_context(silent=True)
    if context is not None:
        context.find_root().with_resource(_handler(app, context.find_root()))


@contextmanager
def _handler(app: Flask, root: click.Context) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        text = _sentence(error)
        if text is None or (faults.is_not_migrated(error) and not _needs_migrating(app, root)):
            # A bug: its traceback is needed.
            raise
        stop(text)


def _sentence(error: Exception) -> str | None:
    if isinstance(error, redis.RedisError):
        text = " ".join(str(error).split())[: faults.TEXT_LENGTH].rstrip(".")
        return f"Redis does not answer: {text}. Check that it runs at the address in REDIS_URL."
    return faults.explain(error)


def _needs_migrating(app: Flask, root: click.Context) -> bool:
    """Whether `flask db upgrade` would help; False for an error of `flask db` itself."""
    if root.invoked_subcommand == "db":
        return False
    config = services(app).config
    system = System(config.database_url, config.redis_url, Path(app.extensions["migrate"].directory))
    return any(finding.level != OK for finding in schema.check(system))
