"""The process's limit of open files."""

from __future__ import annotations

import resource


def raise_limit() -> None:
    """Raise it as far as the system lets a process do it by itself."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
