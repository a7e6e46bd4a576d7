"""The settings of this worker or beat, read once per process."""

from __future__ import annotations

import os
from functools import cache

from webapp.config import Config
from webapp.config.config import COMMANDS, WORKER


@cache
def process_config() -> Config:
    """Raises ConfigError with every fault found."""
    return Config.from_env(os.environ, WORKER)


def owner_url() -> str:
    """The database's URL for tasks that change rows of nearly every table, as the owner does.

    MIGRATIONS_DATABASE_URL where it is set, else this process's own (docs/database-roles.md).
    """
    return (
        Config.from_env(os.environ, COMMANDS).database_url
        if os.environ.get(COMMANDS)
        else process_config().database_url
    )
