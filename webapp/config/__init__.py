"""The settings of all processes, from environment variables. Nothing here imports a library that gevent must patch first."""

from .config import CANNOT_START, Config, ConfigError

__all__ = ["CANNOT_START", "Config", "ConfigError"]
