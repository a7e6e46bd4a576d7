"""The settings of this worker or beat, read once per process."""

from __future__ import annotations

import os
from functools import cache

from webapp.config import Config
from webapp.config.config import WORKER


@cache
def process_config() -> Config:
    """Raises ConfigError with every fault found."""
    return Config.from_env(os.environ, WORKER)
