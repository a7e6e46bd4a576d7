"""What a `flask` command answers when PostgreSQL or Redis is not there, refuses, or takes no writes: one sentence, exit code 2.

It holds for every command, those of Flask-Migrate too: the handler hangs on the context of `flask` itself.
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
from . import stop


def register(app: Flask) -> None:
    """To be called while `flask` loads the app; elsewhere there is no command, and nothing to do."""
    context = click.get_current_context(silent=True)
    if context is not None:
        context.find_root().with_resource(_answered(app, context.find_root()))


@contextmanager
def _answered(app: Flask, root: click.Context) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        text = _in_words(error)
        if text is None or (faults.is_not_migrated(error) and not _needs_migrating(app, root)):
            raise  # a fault of Doorbell's: its traceback is wanted
        stop(text)


def _in_words(error: Exception) -> str | None:
    if isinstance(error, redis.RedisError):
        text = " ".join(str(error).split())[: faults.TEXT_LENGTH].rstrip(".")
        return f"Redis does not answer: {text}. See whether it runs, at the address in REDIS_URL."
    return faults.in_words(error)


def _needs_migrating(app: Flask, root: click.Context) -> bool:
    """Whether `flask db upgrade` would help. What `flask db` itself stumbles over is no such case."""
    if root.invoked_subcommand == "db":
        return False
    config = app.extensions["doorbell_config"]
    system = System(config.database_url, config.redis_url, Path(app.extensions["migrate"].directory))
    return any(finding.level != OK for finding in schema.check(system))
