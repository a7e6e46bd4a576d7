"""The settings of all processes: environment variables, read once and checked together."""

from .config import CANNOT_START, Config, ConfigError

__all__ = ["CANNOT_START", "Config", "ConfigError"]
