"""A directory of the test run for what each web process would compile again: templates and static files."""

from __future__ import annotations

import tempfile
from functools import cache

from .memory import directory_for_servers

# The environment variable of a web process that names the directory (tests/support/apps/shared_web.py).
VARIABLE = "TESTS_SHARED_FILES"


@cache
def _made() -> tempfile.TemporaryDirectory[str]:
    """One per process of pytest, removed at its end."""
    return tempfile.TemporaryDirectory(prefix="doorbell-tests-shared-", dir=directory_for_servers())


def directory() -> str:
    return _made().name
