"""How many streams this process can hold."""

from __future__ import annotations

import resource

# For requests, PostgreSQL, Redis and the log. Without them the process could not even answer "full".
SPARE_DESCRIPTORS = 200


def max_streams(wanted: int) -> int:
    """`wanted`, or fewer where the system's limit of open files is lower: each stream is one."""
    soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return wanted if soft == resource.RLIM_INFINITY else max(1, min(wanted, soft - SPARE_DESCRIPTORS))
