"""The environment of Celery's tasks, when a test calls them in its own process."""

from __future__ import annotations

import pytest

from tasks.process_config import process_config


def set_environment(monkeypatch: pytest.MonkeyPatch, **values: str | None) -> None:
    """Set variables, or remove those that are None. The tasks read them again."""
    for name, value in values.items():
        if value is None:
            monkeypatch.delenv(name)
        else:
            monkeypatch.setenv(name, value)
    process_config.cache_clear()
