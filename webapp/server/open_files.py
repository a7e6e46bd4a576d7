"""The process's limit of open files."""

from __future__ import annotations

import resource


def raise_limit() -> None:
    """Raise the soft limit to the hard limit, which a process may do without privileges."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
