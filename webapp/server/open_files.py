"""How many streams this process has room for."""

from __future__ import annotations

import resource

SPARE_DESCRIPTORS = (
    200  # for requests, PostgreSQL, Redis and the log: without them the process could not even say "full"
)


def process_room(asked: int) -> int:
    """`asked`, or fewer where the system's limit of open files is lower: each stream is one."""
    soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return asked if soft == resource.RLIM_INFINITY else max(1, min(asked, soft - SPARE_DESCRIPTORS))


def raise_the_limit() -> None:
    """Of open files, as far as the system lets a process do it by itself."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
